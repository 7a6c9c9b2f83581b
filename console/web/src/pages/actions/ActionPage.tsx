import { Alert, Anchor, Tabs, Text } from "@mantine/core";
import { Link, useLocation } from "wouter";
import type { Action, Metadata } from "../../api/types";
import { Code } from "../../components/Code";
import { Definitions, Rows } from "../../components/Definitions";
import { WithMetadata } from "../../components/Loaded";
import { Page } from "../../components/Page";
import { PlaceLink } from "../../components/PlaceLink";
import { Section } from "../../components/Section";
import { actionPath, typePath } from "../../links";
import { Relationships } from "../relationships/Relationships";
import { namedType } from "./operation";
import { TryAction } from "./TryAction";

const tabs = [
  { value: "definition", label: "Definition" },
  { value: "relationships", label: "Relationships" },
  { value: "permissions", label: "Permissions" },
  { value: "try", label: "Try" },
];

export function ActionPage({ name, tab = "definition" }: { name: string; tab?: string }) {
  const [, go] = useLocation();
  const label = tabs.find((t) => t.value === tab)?.label;
  return (
    <Page
      title={name}
      crumbs={[{ label: "Actions", path: "/actions" }, { label: "Manage" }, { label: name }, { label: label ?? tab }]}
    >
      <WithMetadata>
        {(metadata) => {
          const action = metadata.actions.find((a) => a.name === name);
          if (!action)
            return <Alert color="yellow" variant="outline" title={`There is no action "${name}"`} role="alert" />;
          return (
            <Tabs value={tab} onChange={(next) => next && go(actionPath(name, next))} keepMounted={false}>
              <Tabs.List mb="md" aria-label={`Action ${name}`}>
                {tabs.map((t) => (
                  <Tabs.Tab key={t.value} value={t.value}>
                    {t.label}
                  </Tabs.Tab>
                ))}
              </Tabs.List>
              <Tabs.Panel value="definition">
                <Definition action={action} metadata={metadata} />
              </Tabs.Panel>
              <Tabs.Panel value="relationships">
                <ActionRelationships action={action} metadata={metadata} />
              </Tabs.Panel>
              <Tabs.Panel value="permissions">
                <Permissions action={action} roles={metadata.roles} />
              </Tabs.Panel>
              <Tabs.Panel value="try">
                <TryAction action={action} metadata={metadata} />
              </Tabs.Panel>
            </Tabs>
          );
        }}
      </WithMetadata>
    </Page>
  );
}

function Definition({ action, metadata }: { action: Action; metadata: Metadata }) {
  return (
    <>
      <Section title="Definition">
        <Code label="Definition">{action.sdl}</Code>
        <Definitions
          label="Definition"
          rows={[
            ["Comment", action.comment ?? ""],
            ["Place", <PlaceLink key="place" place={action.place} />],
          ]}
        />
      </Section>
      <Section title="Handler">
        <Definitions
          label="Handler"
          rows={[
            ["Handler", action.handler],
            ["Execution", action.kind === "query" ? "" : action.execution],
            ["Timeout", `${action.timeoutSeconds} seconds`],
            ["Client headers", action.forwardClientHeaders ? "forwarded to the handler" : "not forwarded"],
          ]}
        />
      </Section>
      <Section title="Headers">
        <Rows
          label="Headers"
          none="No headers are added."
          head={["Name", "Value"]}
          rows={action.headers.map((h) => [
            h.name,
            h.valueFromEnv ? `from the environment: ${h.valueFromEnv}` : (h.value ?? "hidden"),
          ])}
        />
      </Section>
      <Section title="Types">
        <Types action={action} metadata={metadata} />
      </Section>
    </>
  );
}

/** Types are those that the action names itself. */
function Types({ action, metadata }: { action: Action; metadata: Metadata }) {
  const { objects, inputObjects, enums, scalars } = metadata.types;
  const names = new Set([action.outputType, ...action.arguments.map((a) => a.type)].map(namedType));
  const types = [...objects, ...inputObjects, ...enums, ...scalars].filter((t) => names.has(t.name));
  if (types.length === 0) return <Text>Only scalars of GraphQL and of Postgres.</Text>;
  return types.map((t) => (
    <div key={t.name} style={{ marginBottom: "0.75rem" }}>
      <Anchor component={Link} href={typePath(t.name)} underline="always">
        {t.name}
      </Anchor>
      <Code label={`Definition of ${t.name}`}>{t.sdl}</Code>
    </div>
  ));
}

function ActionRelationships({ action, metadata }: { action: Action; metadata: Metadata }) {
  const type = metadata.types.objects.find((t) => t.name === namedType(action.outputType));
  if (!type) return <Text>Action relationships with scalar output types are not possible</Text>;
  return <Relationships metadata={metadata} type={type} />;
}

function Permissions({ action, roles }: { action: Action; roles: string[] }) {
  const allowed = (role: string) => role === "admin" || action.permissions.includes(role);
  return (
    <Rows
      label="Permissions"
      none=""
      head={["Role", "Permission"]}
      rows={["admin", ...roles].map((role) => [role, allowed(role) ? "✓ allowed" : "✗ not allowed"])}
    />
  );
}
