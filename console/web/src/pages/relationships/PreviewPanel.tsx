import { Alert, Badge, Group, List, Stack, Text, Title } from "@mantine/core";
import type { UseQueryResult } from "@tanstack/react-query";
import { useId, type ReactNode } from "react";
import type { ObjectType, Preview, Relationship } from "../../api/types";
import { Code, Diff } from "../../components/Code";
import { SamplePanel } from "./SamplePanel";

interface Props {
  preview: UseQueryResult<Preview>;
  type: ObjectType;
  name?: string; // of the relationship that is replaced
  relationship?: Relationship; // as the form has it, once it is complete
  roles: string[];
}

/** PreviewPanel shows what saving would change. It is read out when it changes. */
export function PreviewPanel({ preview, type, name, relationship, roles }: Props) {
  const heading = useId();
  return (
    <section aria-labelledby={heading} data-test="preview" style={{ minWidth: 0 }}>
      <Title order={3} size="h5" id={heading} mb="xs">
        What saving changes
      </Title>
      <div role="status">
        <Text size="sm">{summary(preview, relationship !== undefined)}</Text>
      </div>
      {preview.error && (
        <Alert color="red" variant="outline" mt="xs">
          {preview.error.message}
        </Alert>
      )}
      {preview.data && <PreviewDetails preview={preview.data} />}
      {preview.data?.faults.length === 0 && relationship && (
        <SamplePanel type={type} name={name} relationship={relationship} roles={roles} />
      )}
    </section>
  );
}

function summary({ data, isFetching }: UseQueryResult<Preview>, complete: boolean): string {
  if (isFetching) return "Looking …";
  if (!complete) return "Fill in the form: what it would change is shown here, before anything is saved.";
  if (!data) return "";
  if (data.faults.length > 0) return "This can't be saved: see the form.";
  return data.diff ? "This can be saved." : "This changes nothing.";
}

export function PreviewDetails({ preview }: { preview: Preview }) {
  const { supergraph, roles, index, warnings } = preview;
  return (
    <Stack gap="md" mt="xs">
      {preview.diff && (
        <Part title="Metadata files">
          <Diff label="Change of the metadata files">{preview.diff}</Diff>
        </Part>
      )}
      {preview.faults.length === 0 && (
        <>
          <Part title="Schema of this subgraph">
            {preview.sdlDiff ? (
              <Diff label="Change of the SDL">{preview.sdlDiff}</Diff>
            ) : (
              <Text size="sm">It stays the same.</Text>
            )}
          </Part>
          <Part title="Supergraph">
            {!supergraph.checked && (
              <Text size="sm">Not checked: {supergraph.reason ?? "it is not known what else is composed"}.</Text>
            )}
            {supergraph.checked && (
              <Mark good={supergraph.composes}>
                {supergraph.composes ? "It still composes." : "It would not compose:"}
              </Mark>
            )}
            {supergraph.errors.length > 0 && (
              <Code label="Errors of the composition">{supergraph.errors.join("\n")}</Code>
            )}
          </Part>
          {roles.length > 0 && (
            <Part title="Roles">
              <List
                size="sm"
                listStyleType="none"
                aria-label="Roles that see it"
                styles={{ item: { listStyle: "none" } }}
              >
                {roles.map(({ role, sees, why }) => (
                  <List.Item key={role}>
                    <Mark good={sees}>
                      {role} {sees ? "sees it" : "does not see it"}
                      {why && `: ${why}`}
                    </Mark>
                  </List.Item>
                ))}
              </List>
            </Part>
          )}
          {index && (
            <Part title="Index">
              <Mark good={index.served}>
                {index.served
                  ? `${index.name ?? "An index"} serves it.`
                  : "No index serves it: each join reads the whole table."}
              </Mark>
              {index.suggestion && <Code label="An index that would serve it">{index.suggestion}</Code>}
            </Part>
          )}
        </>
      )}
      {warnings.length > 0 && (
        <Part title="Warnings">
          <List size="sm">
            {warnings.map((w) => (
              <List.Item key={w.message}>{w.hint ? `${w.message} (${w.hint})` : w.message}</List.Item>
            ))}
          </List>
        </Part>
      )}
    </Stack>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div>
      <Text fw={600} size="sm" mb={4}>
        {title}
      </Text>
      {children}
    </div>
  );
}

function Mark({ good, children }: { good: boolean; children: ReactNode }) {
  return (
    <Group gap={6} wrap="nowrap" align="flex-start">
      <Badge size="xs" mt={4} color={good ? "#1e6b2e" : "red.9"} style={{ flexShrink: 0 }}>
        {good ? "yes" : "no"}
      </Badge>
      <Text size="sm">{children}</Text>
    </Group>
  );
}
