import type {
  FieldFault,
  FieldMapping,
  FormField,
  Metadata,
  Relationship,
  RelationshipType,
  Table,
} from "../../api/types";

/** What the form holds; "" is what isn't chosen yet. There is always an empty row of the mapping to fill in next. */
export interface Form {
  type: RelationshipType | "";
  name: string;
  source: string;
  schema: string;
  table: string;
  mapping: FieldMapping[];
}

const emptyRow: FieldMapping = { from: "", to: "" };

export const emptyForm: Form = { type: "", name: "", source: "", schema: "", table: "", mapping: [emptyRow] };

export const formOf = (r: Relationship): Form => ({
  type: r.type,
  name: r.name,
  source: r.source,
  schema: r.table.schema,
  table: r.table.name,
  mapping: [...r.fieldMapping, emptyRow],
});

/** change sets one field, and takes back what depends on it. */
export function change(form: Form, field: Exclude<keyof Form, "mapping">, value: string): Form {
  const next = { ...form, [field]: value };
  if (field === "source") return { ...next, schema: "", table: "", mapping: [emptyRow] };
  if (field === "schema") return { ...next, table: "", mapping: [emptyRow] };
  if (field === "table") return { ...next, mapping: [emptyRow] };
  return next;
}

/** changeRow sets a row of the mapping; once the last one is complete, an empty one follows. */
export function changeRow(form: Form, i: number, row: FieldMapping): Form {
  const mapping = form.mapping.with(i, row);
  const last = mapping.at(-1);
  return { ...form, mapping: last?.from && last.to ? [...mapping, emptyRow] : mapping };
}

export const removeRow = (form: Form, i: number): Form => ({ ...form, mapping: form.mapping.toSpliced(i, 1) });

const complete = (row: FieldMapping) => row.from !== "" && row.to !== "";

/** validate gives the faults in the order and the words of Hasura's console. */
export function validate(form: Form, others: string[]): FieldFault[] {
  const faults: FieldFault[] = [];
  const require = (field: FormField, ok: boolean, message: string) => {
    if (!ok) faults.push({ field, message });
  };
  require("name", form.name !== "", "relationship name is mandatory");
  require("name", !others.includes(form.name), `Relationship with name "${form.name}" already exists.`);
  require("type", form.type !== "", 'relationship type is mandatory; choose "array" or "object"');
  require("source", form.source !== "", "please select a reference data source");
  require("schema", form.schema !== "", "please select a reference schema");
  require("table", form.table !== "", "please select a reference table");
  const rows = form.mapping.filter((row) => row.from !== "" || row.to !== "");
  require("mapping", rows.length > 0 &&
    rows.every(complete), "please choose the mapping between table column(s) and type field(s)");
  return faults;
}

/** relationshipOf gives what a form without faults says. */
export function relationshipOf(form: Form): Relationship {
  if (form.type === "") throw new Error("BUG: the form is not complete");
  return {
    name: form.name,
    type: form.type,
    source: form.source,
    table: { schema: form.schema, name: form.table },
    fieldMapping: form.mapping.filter(complete),
  };
}

export const tablesOf = (metadata: Metadata, source: string): Table[] =>
  metadata.sources.find((s) => s.name === source)?.tables ?? [];

export const schemasOf = (tables: Table[]): string[] => [...new Set(tables.map((t) => t.schema))].sort();

/** describe is how Hasura's console writes a relationship: Type . field → source . schema.table . column */
export function describe(typeName: string, r: Relationship): string {
  const list = (names: string[]) => (names.length === 1 ? names[0] : `( ${names.join(", ")} )`);
  const from = list(r.fieldMapping.map((row) => row.from));
  const to = list(r.fieldMapping.map((row) => row.to));
  return `${typeName} . ${from} → ${r.source} . ${r.table.schema}.${r.table.name} . ${to}`;
}
