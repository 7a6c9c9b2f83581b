import { Anchor, Badge, Group, Stack, Text } from "@mantine/core";
import { useConsoleState } from "../api/queries";
import type { JoinPlan, PlannedAction, PlannedLoad, Wave } from "../api/types";
import { Code, Json } from "./Code";
import { Definitions } from "./Definitions";

/** JoinPlanView shows how an operation was answered: wave by wave, the actions that were called and the joins. */
export function JoinPlanView({ plan }: { plan: JoinPlan }) {
  const jaeger = useConsoleState()?.jaeger;
  return (
    <section aria-label="Join plan" data-test="join-plan">
      <Group gap="xs" mb="xs">
        <Text fw={600}>Join plan</Text>
        <Text size="sm">role {plan.role}</Text>
        {plan.durationMs !== undefined && <Text size="sm">{milliseconds(plan.durationMs)}</Text>}
        {jaeger && plan.traceId && (
          <Anchor
            href={`${jaeger.replace(/\/$/, "")}/trace/${plan.traceId}`}
            target="_blank"
            rel="noreferrer"
            size="sm"
            underline="always"
          >
            Trace in Jaeger
          </Anchor>
        )}
      </Group>
      <Stack gap="sm" component="ol" style={{ listStyle: "none", margin: 0, padding: 0 }}>
        {plan.waves.map((wave, i) => (
          <li key={i}>
            <WaveView wave={wave} />
          </li>
        ))}
      </Stack>
      {plan.errors && (
        <>
          <Text size="sm" fw={600} mt="sm">
            Fields without a value, whatever the rows
          </Text>
          <ul data-test="join-plan-errors">
            {plan.errors.map(({ position, message }, i) => (
              <li key={i}>
                <Text size="sm">
                  <b>{position}</b>: {message}
                </Text>
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}

function WaveView({ wave }: { wave: Wave }) {
  return (
    <>
      <Text size="sm" fw={600} mb={4}>
        Wave {wave.depth}
      </Text>
      {wave.actions.map((action, i) => (
        <ActionCall key={i} action={action} />
      ))}
      {wave.loads.map((load, i) => (
        <Load key={i} load={load} />
      ))}
      {wave.remotes?.map((remote, i) => (
        <Text key={i} size="sm">
          Remote schema <b>{remote.remoteSchema}</b> {milliseconds(remote.durationMs)} at {remote.positions.join(", ")}
          {remote.keys !== undefined && `, ${count(remote.keys, "key")} in`}
        </Text>
      ))}
    </>
  );
}

export function ActionCall({ action, open }: { action: PlannedAction; open?: boolean }) {
  const { request, response } = action;
  return (
    <details open={open}>
      <summary>
        Action <b>{action.name}</b> {milliseconds(action.durationMs)}{" "}
        {response && (
          <Badge size="xs" color="gray.8">
            {response.status}
          </Badge>
        )}
        {action.positions && (
          <Text span size="sm">
            {" "}
            at {action.positions.join(", ")}
            {action.calls !== undefined && `, ${count(action.calls, "call")}, ${action.failed ?? 0} failed`}
          </Text>
        )}
      </summary>
      {action.error && <Text size="sm">{action.error}</Text>}
      {request && (
        <>
          <Definitions
            label="Request to the handler"
            rows={[
              ["Request", `${request.method ?? "POST"} ${request.url}`],
              [
                "Headers",
                request.headers
                  .map((h) => `${h.name}: ${h.value ?? (h.value_from_env ? `from ${h.value_from_env}` : "…")}`)
                  .join("\n"),
              ],
            ]}
          />
          <Json label="Body of the request" value={request.body} />
        </>
      )}
      {response && (
        <>
          <Text size="sm" mt="xs">
            Answer: {response.status}
          </Text>
          <Json label="Body of the answer" value={response.body} />
        </>
      )}
    </details>
  );
}

function Load({ load }: { load: PlannedLoad }) {
  return (
    <details>
      <summary>
        <b>{load.relationship}</b> {milliseconds(load.durationMs)}
        {load.keys !== undefined && (
          <Text span size="sm">
            {" "}
            {count(load.keys, "key")} in, {count(load.rows ?? 0, "row")} out, {count(load.statements ?? 0, "statement")}
          </Text>
        )}
      </summary>
      <Definitions
        label={`Load ${load.relationship}`}
        rows={[
          ["Kind", load.type],
          ["Source", load.source],
          ["Table", load.table ?? ""],
          ["At", load.positions.join(", ")],
          [
            "Keys in",
            load.keys === undefined
              ? ""
              : `${load.keys}${load.keysUnique === undefined ? "" : ` (${load.keysUnique} different)`}`,
          ],
          ["Rows out", load.rows === undefined ? "" : String(load.rows)],
          ["Statements", load.statements === undefined ? "" : String(load.statements)],
          ["Time", milliseconds(load.durationMs)],
          ["Index", load.index ?? ""],
          ["Error", load.error ?? ""],
        ]}
      />
      {load.sql && <Code label={`SQL of ${load.relationship}`}>{load.sql}</Code>}
      {load.explain !== undefined && (
        <details>
          <summary>What Postgres explains</summary>
          <Json label={`Plan of Postgres for ${load.relationship}`} value={load.explain} />
        </details>
      )}
      {load.explainError && <Text size="sm">{load.explainError}</Text>}
    </details>
  );
}

const count = (n: number, what: string) => `${n} ${what}${n === 1 ? "" : "s"}`;

const milliseconds = (ms: number | undefined) => (ms === undefined ? "" : `${ms.toFixed(ms < 10 ? 2 : 0)} ms`);
