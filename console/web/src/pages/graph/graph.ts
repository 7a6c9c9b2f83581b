import type { Metadata, Relationship, Subgraph } from "../../api/types";
import { actionPath, tablePath, typePath } from "../../links";
import { namedType } from "../actions/operation";

export type Kind = "action" | "type" | "table" | "subgraph";

export interface GraphNode {
  id: string;
  kind: Kind;
  label: string;
  path?: string; // of its page; a subgraph has none
}

export interface GraphEdge {
  from: string;
  to: string;
  label: string;
}

export interface Graph {
  nodes: GraphNode[];
  edges: GraphEdge[];
}

const actionId = (name: string) => `action ${name}`;
const typeId = (name: string) => `type ${name}`;
const subgraphId = (name: string) => `subgraph ${name}`;
const tableId = (source: string, table: { schema: string; name: string }) =>
  `table ${source} ${table.schema} ${table.name}`;

/** graphOf draws actions to their types, types and tables to the tables they join, and tables to the subgraphs that extend them. */
export function graphOf(metadata: Metadata, subgraphs: Subgraph[]): Graph {
  const tables = metadata.sources.flatMap((s) => s.tables);
  const others = subgraphs.filter((s) => !s.own);
  const nodes: GraphNode[] = [
    ...metadata.actions.map((a) => ({
      id: actionId(a.name),
      kind: "action" as const,
      label: a.name,
      path: actionPath(a.name),
    })),
    ...metadata.types.objects.map((t) => ({
      id: typeId(t.name),
      kind: "type" as const,
      label: t.name,
      path: typePath(t.name),
    })),
    ...tables.map((t) => ({
      id: tableId(t.source, t),
      kind: "table" as const,
      label: `${t.schema}.${t.name}`,
      path: tablePath(t.source, t),
    })),
    ...others.map((s) => ({ id: subgraphId(s.name), kind: "subgraph" as const, label: s.name })),
  ];
  const joins = (from: string, relationships: Relationship[]) =>
    relationships.map((r) => ({
      from,
      to: tableId(r.source, r.table),
      label: r.type === "array" ? `${r.name} []` : r.name,
    }));
  const edges: GraphEdge[] = [
    ...metadata.actions.map((a) => ({ from: actionId(a.name), to: typeId(namedType(a.outputType)), label: "" })),
    ...metadata.types.objects.flatMap((t) => [
      ...joins(typeId(t.name), t.relationships),
      ...t.fields.map((f) => ({ from: typeId(t.name), to: typeId(namedType(f.type)), label: f.name })),
    ]),
    ...tables.flatMap((t) => joins(tableId(t.source, t), t.relationships)),
    ...others.flatMap((s) =>
      s.types.flatMap((extended) => {
        const own = tables.find((t) => t.type === extended.name);
        const from = own ? tableId(own.source, own) : typeId(extended.name);
        return extended.keys.length > 0 ? [{ from, to: subgraphId(s.name), label: extended.name }] : [];
      }),
    ),
  ];
  const known = new Set(nodes.map((n) => n.id));
  return { nodes, edges: edges.filter((e) => known.has(e.from) && known.has(e.to)) };
}
