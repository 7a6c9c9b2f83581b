import { expect, test } from "vitest";
import type { Action, Metadata } from "../../api/types";
import { buildOperation, namedType, parseValue } from "./operation";

const place = { path: "actions.graphql", line: 1 };

const createUser: Action = {
  name: "createUser",
  kind: "mutation",
  execution: "synchronous",
  arguments: [{ name: "name", type: "String!" }],
  outputType: "CreateUserOutput!",
  handler: "{{HANDLER_URL}}/create-user",
  headers: [],
  forwardClientHeaders: false,
  timeoutSeconds: 30,
  permissions: [],
  place,
  sdl: "",
};

const column = (name: string) => ({ name, postgresType: "text", field: name, nullable: false });

const metadata: Metadata = {
  revision: "1",
  actions: [createUser],
  types: {
    objects: [
      {
        name: "CreateUserOutput",
        fields: [
          { name: "id", type: "uuid!" },
          { name: "nested", type: "Nested" },
        ],
        relationships: [
          {
            name: "posts",
            type: "array",
            source: "default",
            table: { schema: "public", name: "posts" },
            fieldMapping: [{ from: "id", to: "author_id" }],
          },
        ],
        usedBy: ["createUser"],
        place,
        sdl: "",
      },
      { name: "Nested", fields: [{ name: "a", type: "Int" }], relationships: [], usedBy: [], place, sdl: "" },
    ],
    inputObjects: [],
    enums: [],
    scalars: [],
  },
  sources: [
    {
      name: "default",
      kind: "postgres",
      tables: [
        {
          source: "default",
          schema: "public",
          name: "posts",
          kind: "table",
          type: "posts",
          columns: [column("id"), column("title")],
          primaryKey: ["id"],
          uniqueKeys: [],
          indexes: [],
          relationships: [],
          permissions: [],
          place,
        },
      ],
    },
  ],
  roles: [],
};

test("an operation asks for the flat fields and the columns of joined tables", () => {
  expect(buildOperation(createUser, metadata)).toBe(`mutation CreateUser($name: String!) {
  createUser(name: $name) {
    id
    posts(limit: 5) {
      id
      title
    }
  }
}
`);
});

test("an action without arguments whose output is a scalar", () => {
  const ping: Action = { ...createUser, name: "ping", kind: "query", arguments: [], outputType: "String" };
  expect(buildOperation(ping, metadata)).toBe("query Ping {\n  ping\n}\n");
});

test("namedType", () => {
  expect(namedType("[[User!]!]!")).toBe("User");
});

test.each([
  ["", "String", null],
  ["7", "Int!", 7],
  ["seven", "Int!", "seven"],
  ["7", "String", "7"],
  ["7", "uuid", "7"],
  ["true", "Boolean", true],
  ['{"a": 1}', "Input!", { a: 1 }],
  ["[1, 2]", "[Int!]", [1, 2]],
])("parseValue(%s, %s)", (text, type, want) => {
  expect(parseValue(text, type)).toEqual(want);
});
