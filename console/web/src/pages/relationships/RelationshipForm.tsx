import { Alert, Button, Group, NativeSelect, Stack, Text, TextInput } from "@mantine/core";
import { useId } from "react";
import type { FieldFault, FieldMapping, FormField, Metadata, ObjectType } from "../../api/types";
import { change, changeRow, removeRow, schemasOf, tablesOf, type Form } from "./form";

interface Props {
  metadata: Metadata;
  type: ObjectType;
  form: Form;
  locked: boolean; // the name can't be changed
  faults: FieldFault[];
  onChange: (form: Form) => void;
}

/** RelationshipForm has the fields of Hasura's console, in its order and with its labels and test ids. */
export function RelationshipForm({ metadata, type, form, locked, faults, onChange }: Props) {
  const tables = tablesOf(metadata, form.source);
  const errorOf = (field: FormField) => faultTexts(faults, field);
  const bind = (field: Exclude<keyof Form, "mapping">) => ({
    "data-field": field,
    value: form[field],
    onChange: (event: { currentTarget: { value: string } }) => onChange(change(form, field, event.currentTarget.value)),
    error: errorOf(field),
  });
  return (
    <Stack gap="sm">
      {errorOf("") && (
        <Alert color="red" variant="outline" role="alert">
          {errorOf("")}
        </Alert>
      )}
      <NativeSelect
        label="Relationship Type:"
        data-test="manual-relationship-type"
        {...bind("type")}
        data={[
          { value: "", label: "-- relationship type --" },
          { value: "object", label: "Object Relationship" },
          { value: "array", label: "Array Relationship" },
        ]}
      />
      <TextInput
        label="Relationship Name:"
        placeholder="Enter relationship name"
        data-test="rel-name"
        {...bind("name")}
        autoComplete="off"
        readOnly={locked}
        description={
          locked ? "A relationship cannot be renamed. Please drop and re-create if you really must." : undefined
        }
      />
      <NativeSelect
        label="Database:"
        data-test="manual-relationship-db-choice"
        {...bind("source")}
        disabled={form.name === ""}
        data={[
          { value: "", label: "-- data source --" },
          ...metadata.sources.map((s) => ({ value: s.name, label: `${s.name} (${s.kind})` })),
        ]}
      />
      <NativeSelect
        label="Reference Schema:"
        data-test="manual-relationship-ref-schema"
        {...bind("schema")}
        disabled={form.source === ""}
        data={[{ value: "", label: "-- reference schema --" }, ...schemasOf(tables)]}
      />
      <NativeSelect
        label="Reference Table:"
        data-test="manual-relationship-ref-table"
        {...bind("table")}
        disabled={form.schema === ""}
        data={[
          { value: "", label: "-- reference table --" },
          ...tables.filter((t) => t.schema === form.schema).map((t) => t.name),
        ]}
      />
      <Mapping metadata={metadata} type={type} form={form} error={errorOf("mapping")} onChange={onChange} />
    </Stack>
  );
}

function Mapping({ metadata, type, form, error, onChange }: Omit<Props, "locked" | "faults"> & { error?: string }) {
  const errorId = useId();
  const table = tablesOf(metadata, form.source).find((t) => t.schema === form.schema && t.name === form.table);
  const row = (i: number, next: Partial<FieldMapping>) =>
    onChange(changeRow(form, i, { ...(form.mapping[i] ?? { from: "", to: "" }), ...next }));
  return (
    <fieldset
      style={{ border: 0, margin: 0, padding: 0 }}
      title={table ? undefined : "Please select the reference table"}
      aria-describedby={error ? errorId : undefined}
    >
      <legend style={{ position: "absolute", left: -9999 }}>Mapping</legend>
      <Group grow gap="xs" aria-hidden="true" pr={table ? 44 : 0}>
        <Text size="sm" fw={500}>
          From:
        </Text>
        <Text size="sm" fw={500}>
          To:
        </Text>
      </Group>
      {form.mapping.map(({ from, to }, i) => (
        <Group key={i} gap="xs" wrap="nowrap" mb={6}>
          <NativeSelect
            flex={1}
            aria-label={`From: ${i + 1}`}
            data-test={`manual-relationship-lcol-${i}`}
            data-field={i === 0 ? "mapping" : undefined}
            value={from}
            disabled={!table}
            onChange={(event) => row(i, { from: event.currentTarget.value })}
            data={[
              { value: "", label: "-- field --" },
              ...type.fields.map((f) => ({ value: f.name, label: `${f.name}: ${f.type}` })),
            ]}
          />
          <NativeSelect
            flex={1}
            aria-label={`To: ${i + 1}`}
            data-test={`manual-relationship-rcol-${i}`}
            value={to}
            disabled={!table}
            onChange={(event) => row(i, { to: event.currentTarget.value })}
            data={[
              { value: "", label: "-- ref_column --" },
              ...(table?.columns ?? []).map((c) => ({ value: c.name, label: `${c.name}: ${c.postgresType}` })),
            ]}
          />
          {table && (
            <Button
              variant="default"
              px={10}
              aria-label={`Remove row ${i + 1}`}
              disabled={i === form.mapping.length - 1}
              onClick={() => onChange(removeRow(form, i))}
            >
              ×
            </Button>
          )}
        </Group>
      ))}
      {error && (
        <Text id={errorId} size="xs" c="var(--mantine-color-error)" role="alert">
          {error}
        </Text>
      )}
    </fieldset>
  );
}

function faultTexts(faults: FieldFault[], field: FormField): string | undefined {
  const known: FormField[] = ["name", "type", "source", "schema", "table", "mapping"];
  const found = faults.filter((f) => f.field === field || (field === "" && !known.includes(f.field)));
  return [...new Set(found.map((f) => (f.hint ? `${f.message} (${f.hint})` : f.message)))].join("\n") || undefined;
}
