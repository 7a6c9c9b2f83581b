// The JSON of /console/api. The Go types of package console are the truth.

export interface Place {
  path: string;
  line: number;
  column?: number;
}

export interface Fault {
  severity: string;
  place?: Place;
  item?: string;
  message: string;
  hint?: string;
  rule?: string;
}

export interface State {
  version: string;
  generation: number;
  loadedAt: string;
  status: "current" | "kept";
  faults: Fault[];
  revision: string;
  writable: boolean;
  readOnlyReason?: string;
  graphql: string;
  router?: string;
  routerEndpoint: string;
  jaeger?: string;
  supergraph: boolean;
  metadataDirectory: string;
  undo?: { description: string };
}

export interface TableName {
  schema: string;
  name: string;
}

export interface FieldMapping {
  from: string;
  to: string;
}

export type RelationshipType = "object" | "array";

/** A relationship of an object type of the actions to a table. */
export interface Relationship {
  name: string;
  type: RelationshipType;
  source: string;
  table: TableName;
  fieldMapping: FieldMapping[];
  description?: string;
  origin?: string; // of a table's: "foreign key" or "manual"
  place?: Place;
}

export interface Argument {
  name: string;
  type: string;
  description?: string;
}

export interface Header {
  name: string;
  value?: string;
  valueFromEnv?: string;
}

export interface Action {
  name: string;
  kind: "query" | "mutation";
  execution: "synchronous" | "asynchronous";
  comment?: string;
  arguments: Argument[];
  outputType: string;
  handler: string;
  headers: Header[];
  forwardClientHeaders: boolean;
  timeoutSeconds: number;
  permissions: string[];
  place: Place;
  sdl: string;
}

export interface Field {
  name: string;
  type: string;
  description?: string;
}

export interface ObjectType {
  name: string;
  description?: string;
  fields: Field[];
  relationships: Relationship[];
  usedBy: string[];
  place: Place;
  sdl: string;
}

export interface EnumType {
  name: string;
  description?: string;
  values: string[];
  usedBy: string[];
  place: Place;
  sdl: string;
}

export interface ScalarType {
  name: string;
  description?: string;
  usedBy: string[];
  place: Place;
  sdl: string;
}

export interface Column {
  name: string;
  postgresType: string;
  field: string;
  nullable: boolean;
}

export interface TablePermission {
  role: string;
  columns: string[];
  allColumns: boolean;
  filter?: unknown;
  limit?: number;
  allowAggregations: boolean;
}

export interface Table {
  source: string;
  schema: string;
  name: string;
  kind: string;
  type: string;
  comment?: string;
  columns: Column[];
  primaryKey: string[];
  uniqueKeys: string[][];
  indexes: { name: string; columns: string[] }[];
  relationships: Relationship[];
  permissions: TablePermission[];
  place: Place;
}

export interface Source {
  name: string;
  kind: string;
  tables: Table[];
}

export interface Subgraph {
  name: string;
  own: boolean;
  routingUrl?: string;
  types: { name: string; keys: string[]; fields: string[] }[];
}

export interface Metadata {
  revision: string;
  actions: Action[];
  types: { objects: ObjectType[]; inputObjects: ObjectType[]; enums: EnumType[]; scalars: ScalarType[] };
  sources: Source[];
  roles: string[];
}

export type FormField = "name" | "type" | "source" | "schema" | "table" | "mapping" | "";

export interface FieldFault {
  field: FormField;
  message: string;
  hint?: string;
}

export interface Supergraph {
  checked: boolean;
  composes: boolean;
  errors: string[];
  reason?: string; // why it wasn't checked
  subgraphs: Subgraph[];
}

export interface Preview {
  faults: FieldFault[];
  diff: string;
  sdlDiff: string;
  supergraph: Supergraph;
  roles: { role: string; sees: boolean; why?: string }[];
  index: { served: boolean; name?: string; suggestion?: string };
  warnings: Fault[];
}

export interface GraphQLAnswer {
  data?: unknown;
  errors?: { message: string }[];
  extensions?: Record<string, unknown> & { joinPlan?: JoinPlan };
}

export interface Sample {
  faults: FieldFault[];
  query?: string;
  answer?: GraphQLAnswer;
}

/** What x-joinery-explain adds to an answer (docs/explain.md). */
export interface JoinPlan {
  role: string;
  traceId?: string;
  durationMs?: number;
  waves: Wave[];
  errors?: PlannedError[];
}

/** Why a field never has a value, in whatever rows. */
export interface PlannedError {
  position: string;
  message: string;
}

export interface Wave {
  depth: number;
  actions: PlannedAction[];
  loads: PlannedLoad[];
  remotes?: PlannedRemote[];
}

export interface PlannedAction {
  name: string;
  path?: (string | number)[];
  positions?: string[];
  calls?: number;
  failed?: number;
  error?: string;
  durationMs?: number;
  request?: {
    method?: string;
    url: string;
    headers: { name: string; value?: string; value_from_env?: string }[];
    body: unknown;
  };
  response?: { status: number; body: unknown; headers?: { name: string; value?: string }[] } | null;
}

export interface PlannedRemote {
  remoteSchema: string;
  positions: string[];
  keys?: number;
  durationMs?: number;
}

export interface PlannedLoad {
  relationship: string;
  positions: string[];
  source: string;
  table?: string; // an expression reads none
  type: string;
  sql?: string;
  keys?: number;
  keysUnique?: number;
  rows?: number;
  statements?: number;
  durationMs?: number;
  index?: string;
  error?: string;
  explain?: unknown;
  explainError?: string;
}
