import type { TableName } from "./api/types";

// Addresses of pages, below /console.
const path = (...parts: string[]) => "/" + parts.map(encodeURIComponent).join("/");

export const actionPath = (name: string, tab?: string) => (tab ? path("actions", name, tab) : path("actions", name));
export const typePath = (name: string) => path("types", name);
export const tablePath = (source: string, table: TableName) => path("tables", source, table.schema, table.name);
