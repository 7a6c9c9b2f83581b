import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, inject } from "vitest";
import type { Metadata, State } from "../src/api/types";

const stack = inject("stack");

const files = ["actions.yaml", "actions.graphql"].map((name) => path.join(stack.metadata, name));
const original = files.map((file) => readFileSync(file, "utf8"));

/** Nothing of /console/api is asked for but by this and the page. */
async function api<T>(what: string): Promise<T> {
  const response = await fetch(`${stack.joinery}/console/api/${what}`, {
    headers: { "x-hasura-admin-secret": stack.adminSecret },
  });
  return (await response.json()) as T;
}

export const state = () => api<State>("state");

export const readMetadata = (file: string) => readFileSync(path.join(stack.metadata, file), "utf8");

export function writeMetadata(file: string, text: string) {
  writeFileSync(path.join(stack.metadata, file), text);
}

/** restore puts the files back as they were at the beginning, and waits until they are served. */
export async function restore() {
  files.forEach((file, i) => writeFileSync(file, original[i] ?? ""));
  await expect
    .poll(
      async () => {
        const metadata = await api<Metadata>("metadata");
        const { status } = await state();
        return [status, ...metadata.types.objects.flatMap((t) => t.relationships.map((r) => r.name))];
      },
      { timeout: 20_000 },
    )
    .toEqual(["current"]);
}

/** ask sends an operation to the router. */
export async function ask(query: string): Promise<string> {
  const response = await fetch(stack.router, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ query }),
  });
  return response.text();
}
