import { Alert, Button, NativeSelect, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { adminHeaders } from "../../api/client";
import { askJoinery, type Answered } from "../../api/graphql";
import { useConsoleState } from "../../api/queries";
import type { Action, Argument, Metadata, State } from "../../api/types";
import { Json } from "../../components/Code";
import { ActionCall, JoinPlanView } from "../../components/JoinPlanView";
import { RoleSelect } from "../../components/RoleSelect";
import { Section } from "../../components/Section";
import { buildOperation, namedType, parseValue } from "./operation";

interface Props {
  action: Action;
  metadata: Metadata;
}

/** TryAction calls the action for real, and shows what was sent to the handler and what came back. */
export function TryAction({ action, metadata }: Props) {
  const state = useConsoleState();
  const [values, setValues] = useState<Record<string, string>>({});
  const [role, setRole] = useState("admin");
  const [query, setQuery] = useState(() => buildOperation(action, metadata));
  const call = useMutation({
    mutationFn: (now: State) => {
      const given = action.arguments.filter((a) => values[a.name]);
      const variables = Object.fromEntries(given.map((a) => [a.name, parseValue(values[a.name] ?? "", a.type)]));
      const headers = role === "admin" ? adminHeaders() : { ...adminHeaders(), "x-hasura-role": role };
      return askJoinery(now, { query, variables }, headers, "analyze");
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (state) call.mutate(state);
  };
  return (
    <>
      <form onSubmit={submit}>
        <Stack maw={720} gap="sm" mb="lg">
          {action.arguments.map((a) => (
            <ArgumentInput
              key={a.name}
              argument={a}
              metadata={metadata}
              value={values[a.name] ?? ""}
              onChange={(value) => setValues({ ...values, [a.name]: value })}
            />
          ))}
          <RoleSelect roles={metadata.roles} value={role} onChange={setRole} />
          <Textarea
            label="Operation"
            autosize
            minRows={6}
            maxRows={24}
            styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)" } }}
            spellCheck={false}
            value={query}
            onChange={(event) => setQuery(event.currentTarget.value)}
          />
          {action.kind === "mutation" && <Text size="sm">This calls the handler for real.</Text>}
          <div>
            <Button type="submit" loading={call.isPending} disabled={!state}>
              Try
            </Button>
          </div>
        </Stack>
      </form>
      <div role="status">
        {call.error && (
          <Alert color="red" variant="outline" title="There is no answer">
            {call.error.message}
          </Alert>
        )}
        {call.data && <Result answered={call.data} />}
      </div>
    </>
  );
}

function Result({ answered: { answer, plans } }: { answered: Answered }) {
  const calls = plans.flatMap((plan) => plan.waves.flatMap((wave) => wave.actions));
  return (
    <>
      <Section title="Answer">
        <Json label="Answer" value={answer} />
      </Section>
      {calls.length > 0 && (
        <Section title="Request to the handler and its answer">
          {calls.map((action, i) => (
            <ActionCall key={i} action={action} open />
          ))}
        </Section>
      )}
      {plans.map((plan, i) => (
        <JoinPlanView key={i} plan={plan} />
      ))}
    </>
  );
}

interface ArgumentInputProps {
  argument: Argument;
  metadata: Metadata;
  value: string;
  onChange: (value: string) => void;
}

function ArgumentInput({ argument, metadata, value, onChange }: ArgumentInputProps) {
  const { enums, inputObjects } = metadata.types;
  const name = namedType(argument.type);
  const common = {
    label: `${argument.name}: ${argument.type}`,
    description: argument.description,
    value,
    onChange: (event: { currentTarget: { value: string } }) => onChange(event.currentTarget.value),
  };
  const list = argument.type.startsWith("[");
  const choices = name === "Boolean" ? ["true", "false"] : enums.find((e) => e.name === name)?.values;
  if (choices && !list) return <NativeSelect {...common} data={["", ...choices]} />;
  if (list || inputObjects.some((t) => t.name === name)) {
    return <Textarea {...common} placeholder="JSON" autosize minRows={3} spellCheck={false} />;
  }
  return <TextInput {...common} />;
}
