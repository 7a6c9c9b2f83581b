import { Button, Group, Stack, Text, TextInput } from "@mantine/core";

export interface HeaderRow {
  name: string;
  value: string;
}

/** headersOf gives the headers of the rows that have a name and a value. */
export const headersOf = (rows: HeaderRow[]): Record<string, string> =>
  Object.fromEntries(rows.filter((r) => r.name.trim() && r.value).map((r) => [r.name.trim().toLowerCase(), r.value]));

interface Props {
  rows: HeaderRow[];
  onChange: (rows: HeaderRow[]) => void;
}

/** Headers edits what operations are sent with: role, session variables, a token. */
export function Headers({ rows, onChange }: Props) {
  const set = (i: number, row: HeaderRow) => onChange(rows.with(i, row));
  const used = Object.keys(headersOf(rows)).length;
  return (
    <details>
      <summary>Headers{used > 0 && ` (${used})`}</summary>
      <Stack gap="xs" maw={640}>
        <Text size="sm">
          Joinery takes the admin secret of this tab, and x-hasura-role and x-hasura-* beside it. Through the router it
          depends on the router who you are: send it a token.
        </Text>
        {rows.map((row, i) => (
          <Group key={i} gap="xs" wrap="nowrap">
            <TextInput
              flex={1}
              aria-label={`Header ${i + 1}: name`}
              placeholder="x-hasura-role"
              list="known-headers"
              value={row.name}
              onChange={(event) => set(i, { ...row, name: event.currentTarget.value })}
            />
            <TextInput
              flex={2}
              aria-label={`Header ${i + 1}: value`}
              value={row.value}
              onChange={(event) => set(i, { ...row, value: event.currentTarget.value })}
            />
            <Button
              variant="default"
              px={10}
              aria-label={`Remove header ${i + 1}`}
              onClick={() => onChange(rows.toSpliced(i, 1))}
            >
              ×
            </Button>
          </Group>
        ))}
        <datalist id="known-headers">
          {["authorization", "x-hasura-role", "x-hasura-user-id"].map((name) => (
            <option key={name} value={name} />
          ))}
        </datalist>
        <div>
          <Button size="xs" variant="default" onClick={() => onChange([...rows, { name: "", value: "" }])}>
            Add a header
          </Button>
        </div>
      </Stack>
    </details>
  );
}
