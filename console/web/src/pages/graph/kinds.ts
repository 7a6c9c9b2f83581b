import type { Kind } from "./graph";

/** How the picture names and colours its nodes; white is written on the colours. */
export const kinds: Record<Kind, { title: string; color: string }> = {
  action: { title: "Actions", color: "#1864ab" },
  type: { title: "Types", color: "#5f3dc4" },
  table: { title: "Tables", color: "#2b6d3a" },
  subgraph: { title: "Other subgraphs", color: "#8a4b08" },
};
