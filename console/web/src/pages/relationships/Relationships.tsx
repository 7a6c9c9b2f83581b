import { Alert, Button, Card, Group, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { useConsoleState } from "../../api/queries";
import type { Metadata, ObjectType, Relationship } from "../../api/types";
import { PlaceLink } from "../../components/PlaceLink";
import { describe } from "./form";
import { RelationshipEditor } from "./RelationshipEditor";
import { RemoveDialog } from "./RemoveDialog";

interface Props {
  metadata: Metadata;
  type: ObjectType;
}

const adding = Symbol("a new one");

/** Relationships is the tab of Hasura's console: the relationships of a type, and the form to add and edit them. */
export function Relationships({ metadata, type }: Props) {
  const writable = useConsoleState()?.writable ?? false;
  // The editor keeps the relationship that it was opened for, so that nothing is lost when somebody else removes it.
  const [editing, setEditing] = useState<Relationship | typeof adding>();
  const [removing, setRemoving] = useState<Relationship>();
  const close = () => setEditing(undefined);
  const gone = editing !== undefined && editing !== adding && !type.relationships.some((r) => r.name === editing.name);
  return (
    <Stack gap="sm">
      {type.relationships.length === 0 && <Text>This type has no relationships yet.</Text>}
      {type.relationships.map((r) => {
        const open = editing !== adding && editing?.name === r.name;
        return (
          <Card
            key={r.name}
            withBorder
            component="section"
            aria-label={`Relationship ${r.name}`}
            data-test={`relationship-${r.name}`}
          >
            <Group justify="space-between">
              <div style={{ minWidth: 0, overflowWrap: "anywhere" }}>
                <Text fw={700} span>
                  {r.name}
                </Text>{" "}
                <Text span size="sm">
                  {r.type} · {describe(type.name, r)}
                </Text>
                {r.place && (
                  <div>
                    <PlaceLink place={r.place} />
                  </div>
                )}
              </div>
              <Group gap="xs">
                <Button
                  size="xs"
                  variant="default"
                  aria-label={open ? `Close ${r.name}` : `Edit ${r.name}`}
                  aria-expanded={open}
                  disabled={!writable || (editing !== undefined && !open)}
                  onClick={() => (open ? close() : setEditing(r))}
                >
                  {open ? "Close" : "Edit"}
                </Button>
                <Button
                  size="xs"
                  variant="outline"
                  color="red"
                  aria-label={`Remove ${r.name}`}
                  disabled={!writable || editing !== undefined}
                  onClick={() => setRemoving(r)}
                >
                  Remove
                </Button>
              </Group>
            </Group>
            {open && <RelationshipEditor metadata={metadata} type={type} edited={editing} onDone={close} />}
          </Card>
        );
      })}
      {gone && (
        <Card withBorder component="section" aria-label={`Relationship ${editing.name}`}>
          <Alert color="yellow" variant="outline" role="alert">
            The relationship "{editing.name}" was removed by somebody else. What you filled in is still here: saving
            adds it again.
          </Alert>
          <RelationshipEditor metadata={metadata} type={type} edited={editing} onDone={close} />
        </Card>
      )}
      {editing === adding ? (
        <Card withBorder component="section" aria-label="Add a relationship">
          <RelationshipEditor metadata={metadata} type={type} onDone={close} />
        </Card>
      ) : (
        <Group>
          <Button
            disabled={!writable || editing !== undefined}
            onClick={() => setEditing(adding)}
            data-test="add-relationship"
          >
            Add a relationship
          </Button>
        </Group>
      )}
      <RemoveDialog metadata={metadata} type={type} relationship={removing} onClose={() => setRemoving(undefined)} />
    </Stack>
  );
}
