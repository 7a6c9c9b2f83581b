import { Anchor } from "@mantine/core";
import { Link } from "wouter";
import { Rows } from "../../components/Definitions";
import { WithMetadata } from "../../components/Loaded";
import { Page } from "../../components/Page";
import { Section } from "../../components/Section";
import { tablePath } from "../../links";

export function TablesPage() {
  return (
    <Page title="Tables">
      <WithMetadata>
        {({ sources }) =>
          sources.map((source) => (
            <Section key={source.name} title={`${source.name} (${source.kind})`}>
              <Rows
                label={`Tables of ${source.name}`}
                none="No table is tracked."
                head={["Table", "Kind", "Type", "Relationships", "Roles"]}
                rows={source.tables.map((t) => [
                  <Anchor key="name" component={Link} href={tablePath(t.source, t)} fw={600} underline="always">
                    {t.schema}.{t.name}
                  </Anchor>,
                  t.kind || "not in the database",
                  t.type,
                  t.relationships.map((r) => r.name).join(", "),
                  t.permissions.map((p) => p.role).join(", "),
                ])}
              />
            </Section>
          ))
        }
      </WithMetadata>
    </Page>
  );
}
