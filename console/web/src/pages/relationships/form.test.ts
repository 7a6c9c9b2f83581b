import { expect, test } from "vitest";
import type { Relationship } from "../../api/types";
import {
  change,
  changeRow,
  describe as describeRelationship,
  emptyForm,
  formOf,
  relationshipOf,
  removeRow,
  validate,
} from "./form";

const user: Relationship = {
  name: "user",
  type: "object",
  source: "default",
  table: { schema: "public", name: "users" },
  fieldMapping: [{ from: "id", to: "id" }],
};

test("an empty form has every fault, in Hasura's words", () => {
  expect(validate(emptyForm, []).map((f) => f.message)).toEqual([
    "relationship name is mandatory",
    'relationship type is mandatory; choose "array" or "object"',
    "please select a reference data source",
    "please select a reference schema",
    "please select a reference table",
    "please choose the mapping between table column(s) and type field(s)",
  ]);
});

test("a name must be new", () => {
  expect(validate(formOf(user), ["user"])).toEqual([
    { field: "name", message: 'Relationship with name "user" already exists.' },
  ]);
  expect(validate(formOf(user), ["posts"])).toEqual([]);
});

test("half a row of the mapping is a fault", () => {
  const form = changeRow(formOf(user), 1, { from: "name", to: "" });
  expect(validate(form, []).map((f) => f.field)).toEqual(["mapping"]);
});

test("a form gives the relationship that it was made of", () => {
  expect(relationshipOf(formOf(user))).toEqual(user);
});

test("another table takes the mapping back, another schema the table too", () => {
  expect(change(formOf(user), "table", "posts")).toMatchObject({ table: "posts", mapping: emptyForm.mapping });
  expect(change(formOf(user), "schema", "app")).toMatchObject({ schema: "app", table: "", mapping: emptyForm.mapping });
  expect(change(formOf(user), "source", "other")).toMatchObject({ source: "other", schema: "", table: "" });
});

test("a complete row is followed by an empty one, and can be removed", () => {
  const half = changeRow(emptyForm, 0, { from: "id", to: "" });
  expect(half.mapping).toHaveLength(1);
  const whole = changeRow(half, 0, { from: "id", to: "id" });
  expect(whole.mapping).toEqual([
    { from: "id", to: "id" },
    { from: "", to: "" },
  ]);
  expect(removeRow(whole, 0).mapping).toEqual([{ from: "", to: "" }]);
});

test("several columns are written as a list", () => {
  const both = {
    ...user,
    fieldMapping: [
      { from: "a", to: "c" },
      { from: "b", to: "d" },
    ],
  };
  expect(describeRelationship("Output", user)).toBe("Output . id → default . public.users . id");
  expect(describeRelationship("Output", both)).toBe("Output . ( a, b ) → default . public.users . ( c, d )");
});
