import { Anchor, Badge, Group } from "@mantine/core";
import { Link } from "wouter";
import type { Metadata } from "../../api/types";
import { Rows } from "../../components/Definitions";
import { WithMetadata } from "../../components/Loaded";
import { Page } from "../../components/Page";
import { Section } from "../../components/Section";
import { typePath } from "../../links";
import { namedType } from "../actions/operation";

export function TypesPage() {
  return (
    <Page title="Custom types">
      <WithMetadata>
        {(metadata) => (
          <>
            <TypeList title="Objects" types={metadata.types.objects} metadata={metadata} relationships />
            <TypeList title="Input objects" types={metadata.types.inputObjects} metadata={metadata} />
            <TypeList title="Enums" types={metadata.types.enums} metadata={metadata} />
            <TypeList title="Scalars" types={metadata.types.scalars} metadata={metadata} />
          </>
        )}
      </WithMetadata>
    </Page>
  );
}

interface ListProps {
  title: string;
  types: { name: string; usedBy: string[]; relationships?: { name: string }[] }[];
  metadata: Metadata;
  relationships?: boolean;
}

function TypeList({ title, types, metadata, relationships = false }: ListProps) {
  return (
    <Section title={title}>
      <Rows
        label={title}
        none="None."
        head={["Name", "Used by", ...(relationships ? ["Relationships"] : [])]}
        rows={types.map((t) => [
          <Group key="name" gap="xs" wrap="nowrap">
            <Anchor component={Link} href={typePath(t.name)} fw={600} underline="always">
              {t.name}
            </Anchor>
            {t.usedBy.length === 0 && (
              <Badge variant="default" tt="none">
                not used by an action
              </Badge>
            )}
            {relationships && isNested(t.name, t.usedBy, metadata) && (
              <Badge variant="default" tt="none">
                nested
              </Badge>
            )}
          </Group>,
          t.usedBy.join(", "),
          ...(relationships ? [t.relationships?.map((r) => r.name).join(", ") ?? ""] : []),
        ])}
      />
    </Section>
  );
}

/** A nested type is given by actions, but only within another type. */
function isNested(name: string, usedBy: string[], metadata: Metadata): boolean {
  return usedBy.length > 0 && !metadata.actions.some((a) => namedType(a.outputType) === name);
}
