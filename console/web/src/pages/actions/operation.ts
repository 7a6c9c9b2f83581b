import type { Action, Metadata, ObjectType, Relationship } from "../../api/types";

/** namedType takes lists and non-null off: "[User!]!" is of the named type "User". */
export const namedType = (type: string) => type.replace(/[[\]!\s]/g, "");

/** buildOperation gives an operation that calls the action, with a variable per argument, and asks for all that is flat. */
export function buildOperation(action: Action, metadata: Metadata): string {
  const variables = action.arguments.map((a) => `$${a.name}: ${a.type}`).join(", ");
  const given = action.arguments.map((a) => `${a.name}: $${a.name}`).join(", ");
  const type = metadata.types.objects.find((t) => t.name === namedType(action.outputType));
  const selection = type ? ` {\n${select(type, metadata)}\n  }` : "";
  return `${action.kind} ${capitalized(action.name)}${variables && `(${variables})`} {\n  ${action.name}${given && `(${given})`}${selection}\n}\n`;
}

function select(type: ObjectType, metadata: Metadata): string {
  const isObject = (name: string) => metadata.types.objects.some((t) => t.name === name);
  const flat = type.fields.filter((f) => !isObject(namedType(f.type))).map((f) => `    ${f.name}`);
  const joined = type.relationships.flatMap((r) => selectRow(r, metadata) ?? []);
  const fields = [...flat, ...joined];
  return (fields.length > 0 ? fields : ["    __typename"]).join("\n");
}

function selectRow(r: Relationship, metadata: Metadata): string | undefined {
  const tables = metadata.sources.find((s) => s.name === r.source)?.tables;
  const columns = tables?.find((t) => t.schema === r.table.schema && t.name === r.table.name)?.columns;
  if (!columns || columns.length === 0) return undefined;
  const limit = r.type === "array" ? "(limit: 5)" : "";
  return `    ${r.name}${limit} {\n${columns.map((c) => `      ${c.field}`).join("\n")}\n    }`;
}

const capitalized = (name: string) => name.charAt(0).toUpperCase() + name.slice(1);

/** parseValue reads what was typed for an argument or a field. Empty is null; lists and objects are JSON. */
export function parseValue(text: string, type: string): unknown {
  if (text.trim() === "") return null;
  const json = () => {
    try {
      return JSON.parse(text) as unknown;
    } catch {
      return text; // the server says what it expected
    }
  };
  if (type.startsWith("[") || /^[[{]/.test(text.trim())) return json();
  switch (namedType(type)) {
    case "Int":
    case "Float":
    case "Boolean":
      return json();
    default:
      return text;
  }
}
