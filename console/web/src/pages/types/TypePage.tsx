import { Alert, Anchor, Text } from "@mantine/core";
import { Link } from "wouter";
import type { ObjectType } from "../../api/types";
import { Definitions, Rows } from "../../components/Definitions";
import { WithMetadata } from "../../components/Loaded";
import { Page } from "../../components/Page";
import { PlaceLink } from "../../components/PlaceLink";
import { Section } from "../../components/Section";
import { actionPath } from "../../links";
import { Relationships } from "../relationships/Relationships";
import { TypeEditor } from "./TypeEditor";

export function TypePage({ name }: { name: string }) {
  return (
    <Page title={name} crumbs={[{ label: "Custom types", path: "/types" }, { label: name }]}>
      <WithMetadata>
        {(metadata) => {
          const { objects, inputObjects, enums, scalars } = metadata.types;
          const object = objects.find((t) => t.name === name);
          const composite = object ?? inputObjects.find((t) => t.name === name);
          const type = composite ?? [...enums, ...scalars].find((t) => t.name === name);
          if (!type)
            return <Alert color="yellow" variant="outline" title={`There is no type "${name}"`} role="alert" />;
          return (
            <>
              <Definitions
                label="Type"
                rows={[
                  ["Description", type.description ?? ""],
                  ["Used by", <Users key="users" actions={type.usedBy} />],
                  ["Place", <PlaceLink key="place" place={type.place} />],
                ]}
              />
              {composite && <Fields type={composite} />}
              {object && (
                <Section title="Relationships">
                  <Relationships metadata={metadata} type={object} />
                </Section>
              )}
              <Section title="Definition">
                <TypeEditor name={name} sdl={type.sdl} revision={metadata.revision} />
              </Section>
            </>
          );
        }}
      </WithMetadata>
    </Page>
  );
}

function Users({ actions }: { actions: string[] }) {
  if (actions.length === 0) return <Text size="sm">no action</Text>;
  return actions.map((name, i) => (
    <span key={name}>
      {i > 0 && ", "}
      <Anchor component={Link} href={actionPath(name)} size="sm" underline="always">
        {name}
      </Anchor>
    </span>
  ));
}

function Fields({ type }: { type: ObjectType }) {
  return (
    <Section title="Fields">
      <Rows
        label="Fields"
        none="None."
        head={["Name", "Type", "Description"]}
        rows={type.fields.map((f) => [f.name, f.type, f.description ?? ""])}
      />
    </Section>
  );
}
