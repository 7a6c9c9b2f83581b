import { Alert, Button, Group, Stack, Text, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { send } from "../../api/client";
import type { ObjectType, Relationship, Sample } from "../../api/types";
import { Json } from "../../components/Code";
import { JoinPlanView } from "../../components/JoinPlanView";
import { RoleSelect } from "../../components/RoleSelect";
import { parseValue } from "../actions/operation";

interface Props {
  type: ObjectType;
  name?: string;
  relationship: Relationship;
  roles: string[];
}

/** SamplePanel asks what the relationship would give for a key. Nothing is saved for that. */
export function SamplePanel({ type, name, relationship, roles }: Props) {
  const [values, setValues] = useState<Record<string, string>>({});
  const [role, setRole] = useState("admin");
  const fields = [...new Set(relationship.fieldMapping.map((row) => row.from))];
  const sample = useMutation({
    mutationFn: () => {
      const typeOf = (field: string) => type.fields.find((f) => f.name === field)?.type ?? "String";
      const key = Object.fromEntries(fields.map((field) => [field, parseValue(values[field] ?? "", typeOf(field))]));
      return send<Sample>("POST", "/relationships/sample", { type: type.name, name, relationship, key, role });
    },
  });
  return (
    <Stack gap="xs" mt="md">
      <Text fw={600} size="sm">
        Try it with a sample key
      </Text>
      <Group align="flex-end" gap="xs">
        {fields.map((field) => (
          <TextInput
            key={field}
            label={field}
            data-test={`sample-key-${field}`}
            value={values[field] ?? ""}
            onChange={(event) => setValues({ ...values, [field]: event.currentTarget.value })}
          />
        ))}
        <RoleSelect roles={roles} value={role} onChange={setRole} />
        <Button variant="default" onClick={() => sample.mutate()} loading={sample.isPending} data-test="try-sample">
          Try
        </Button>
      </Group>
      {sample.error && (
        <Alert color="red" variant="outline" role="alert">
          {sample.error.message}
        </Alert>
      )}
      {sample.data && <Answer sample={sample.data} />}
    </Stack>
  );
}

function Answer({ sample }: { sample: Sample }) {
  const { joinPlan } = sample.answer?.extensions ?? {};
  return (
    <div role="status">
      {sample.faults.map((fault) => (
        <Alert key={fault.message} color="red" variant="outline">
          {fault.message}
        </Alert>
      ))}
      {sample.answer && (
        <Json label="Sample answer" value={{ data: sample.answer.data, errors: sample.answer.errors }} />
      )}
      {joinPlan && <JoinPlanView plan={joinPlan} />}
    </div>
  );
}
