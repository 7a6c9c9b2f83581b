import { Button, Group, Stack, Text, TextInput } from "@mantine/core";
import { useLocalStorage } from "@mantine/hooks";
import { useGraphiQL, type GraphiQLPlugin } from "@graphiql/react";
import { useState, type FormEvent } from "react";

interface Saved {
  name: string;
  query: string;
  variables: string;
}

/** savedOperations is a plugin of GraphiQL: operations under a name, kept by this browser. */
export const savedOperations: GraphiQLPlugin = { title: "Saved operations", icon: Icon, content: SavedOperations };

function Icon() {
  return (
    <svg
      viewBox="0 0 20 20"
      width="20"
      height="20"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.5"
      aria-hidden="true"
    >
      <path d="M5 2.5h10v15l-5-4-5 4z" />
    </svg>
  );
}

function SavedOperations() {
  const [saved, setSaved] = useLocalStorage<Saved[]>({ key: "joinery.operations", defaultValue: [] });
  const [name, setName] = useState("");
  const queryEditor = useGraphiQL((state) => state.queryEditor);
  const variableEditor = useGraphiQL((state) => state.variableEditor);
  const save = (event: FormEvent) => {
    event.preventDefault();
    const operation = { name, query: queryEditor?.getValue() ?? "", variables: variableEditor?.getValue() ?? "" };
    setSaved([...saved.filter((s) => s.name !== name), operation].sort((a, b) => a.name.localeCompare(b.name)));
    setName("");
  };
  const open = ({ query, variables }: Saved) => {
    queryEditor?.setValue(query);
    variableEditor?.setValue(variables);
    queryEditor?.focus();
  };
  return (
    <Stack gap="sm" p="xs">
      <Text fw={600}>Saved operations</Text>
      <form onSubmit={save}>
        <Group gap="xs" align="flex-end" wrap="nowrap">
          <TextInput
            flex={1}
            label="Name"
            size="xs"
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <Button type="submit" size="xs" disabled={name.trim() === ""}>
            Save
          </Button>
        </Group>
      </form>
      {saved.length === 0 && <Text size="sm">Nothing is saved yet.</Text>}
      {saved.map((s) => (
        <Group key={s.name} gap="xs" wrap="nowrap" justify="space-between">
          <Button size="xs" variant="subtle" onClick={() => open(s)} aria-label={`Open ${s.name}`}>
            {s.name}
          </Button>
          <Button
            size="xs"
            px={8}
            variant="default"
            aria-label={`Delete ${s.name}`}
            onClick={() => setSaved(saved.filter((other) => other.name !== s.name))}
          >
            ×
          </Button>
        </Group>
      ))}
    </Stack>
  );
}
