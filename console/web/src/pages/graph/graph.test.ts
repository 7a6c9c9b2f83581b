import { expect, test } from "vitest";
import type { Metadata } from "../../api/types";
import { graphOf } from "./graph";

const place = { path: "", line: 1 };
const join = { name: "user", type: "object" as const, source: "default", fieldMapping: [{ from: "id", to: "id" }] };

test("actions lead to types, types to tables, tables to the subgraphs that extend them", () => {
  const metadata = {
    actions: [{ name: "createUser", outputType: "CreateUserOutput!" }],
    types: {
      objects: [
        {
          name: "CreateUserOutput",
          fields: [{ name: "id", type: "uuid!" }],
          relationships: [{ ...join, table: { schema: "public", name: "users" } }],
          place,
        },
      ],
    },
    sources: [
      {
        name: "default",
        tables: [{ source: "default", schema: "public", name: "users", type: "users", relationships: [] }],
      },
    ],
  } as unknown as Metadata;
  const users = { name: "users", keys: ["auth0_id"], fields: [] };
  const graph = graphOf(metadata, [
    { name: "joinery", own: true, types: [users] },
    { name: "auth0", own: false, types: [users, { name: "auth0_profile", keys: [], fields: [] }] },
  ]);
  expect(graph.nodes.map((n) => n.id)).toEqual([
    "action createUser",
    "type CreateUserOutput",
    "table default public users",
    "subgraph auth0",
  ]);
  expect(graph.edges).toEqual([
    { from: "action createUser", to: "type CreateUserOutput", label: "" },
    { from: "type CreateUserOutput", to: "table default public users", label: "user" },
    { from: "table default public users", to: "subgraph auth0", label: "users" },
  ]);
});
