import { Alert, Anchor, Badge, Group } from "@mantine/core";
import { Link } from "wouter";
import type { Relationship, Table, TablePermission } from "../../api/types";
import { Json } from "../../components/Code";
import { Definitions, Rows } from "../../components/Definitions";
import { WithMetadata } from "../../components/Loaded";
import { Page } from "../../components/Page";
import { PlaceLink } from "../../components/PlaceLink";
import { Section } from "../../components/Section";
import { tablePath } from "../../links";

interface Props {
  source: string;
  schema: string;
  name: string;
}

export function TablePage({ source, schema, name }: Props) {
  const title = `${schema}.${name}`;
  return (
    <Page title={title} crumbs={[{ label: "Tables", path: "/tables" }, { label: source }, { label: title }]}>
      <WithMetadata>
        {({ sources }) => {
          const tables = sources.find((s) => s.name === source)?.tables;
          const table = tables?.find((t) => t.schema === schema && t.name === name);
          if (!table)
            return (
              <Alert color="yellow" variant="outline" title={`The table "${title}" is not tracked`} role="alert" />
            );
          return <TableDetails table={table} />;
        }}
      </WithMetadata>
    </Page>
  );
}

function TableDetails({ table }: { table: Table }) {
  return (
    <>
      <Definitions
        label="Table"
        rows={[
          ["Kind", table.kind || "not in the database"],
          ["Type", table.type],
          ["Comment", table.comment ?? ""],
          ["Place", <PlaceLink key="place" place={table.place} />],
        ]}
      />
      <Section title="Columns">
        <Rows
          label="Columns"
          none="None."
          head={["Column", "Field", "Type", "Keys"]}
          rows={table.columns.map((c) => [
            c.name,
            c.field,
            c.nullable ? c.postgresType : `${c.postgresType}, not null`,
            <Keys key="keys" table={table} column={c.name} />,
          ])}
        />
      </Section>
      <Section title="Relationships">
        <Rows
          label="Relationships"
          none="None."
          head={["Name", "Type", "To", "Mapping", "From"]}
          rows={table.relationships.map((r) => [r.name, r.type, <Target key="to" r={r} />, mapping(r), r.origin ?? ""])}
        />
      </Section>
      <Section title="Permissions">
        <Rows
          label="Permissions"
          none="Only the admin may select from it."
          head={["Role", "Columns", "Rows", "Limit", "Aggregations"]}
          rows={table.permissions.map((p) => [
            p.role,
            columns(p, table),
            <Json key="filter" label={`Filter of ${p.role}`} value={p.filter ?? {}} />,
            p.limit ?? "",
            p.allowAggregations ? "allowed" : "not allowed",
          ])}
        />
      </Section>
      <Section title="Indexes">
        <Rows
          label="Indexes"
          none="None."
          head={["Index", "Columns"]}
          rows={table.indexes.map((i) => [i.name, i.columns.join(", ")])}
        />
      </Section>
    </>
  );
}

function Keys({ table, column }: { table: Table; column: string }) {
  const unique = table.uniqueKeys.some((key) => key.length === 1 && key[0] === column);
  return (
    <Group gap={4}>
      {table.primaryKey.includes(column) && <Badge variant="default">primary</Badge>}
      {unique && <Badge variant="default">unique</Badge>}
    </Group>
  );
}

function Target({ r }: { r: Relationship }) {
  return (
    <Anchor component={Link} href={tablePath(r.source, r.table)} size="sm" underline="always">
      {r.table.schema}.{r.table.name}
    </Anchor>
  );
}

const mapping = (r: Relationship) => r.fieldMapping.map(({ from, to }) => `${from} → ${to}`).join(", ");

function columns(p: TablePermission, table: Table): string {
  return p.allColumns || p.columns.length === table.columns.length ? "all" : p.columns.join(", ");
}
