import "graphiql/setup-workers/vite";
import "graphiql/style.css";
import "./style.css";

import { Alert, Group, NativeSelect, SegmentedControl, Stack, Text, useComputedColorScheme } from "@mantine/core";
import { useLocalStorage } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { GraphiQL } from "graphiql";
import { useCallback, useState } from "react";
import { adminHeaders } from "../../api/client";
import { askJoinery, askRouter, type Operation } from "../../api/graphql";
import { stateQuery } from "../../api/queries";
import type { JoinPlan, State } from "../../api/types";
import { JoinPlanView } from "../../components/JoinPlanView";
import { Loaded } from "../../components/Loaded";
import { Page } from "../../components/Page";
import { Headers, headersOf, type HeaderRow } from "./Headers";
import { OperationTabs } from "./OperationTabs";
import { savedOperations } from "./SavedOperations";
import { clientSchema, type Target } from "./schema";

const defaultQuery = `# Write an operation and run it with Ctrl-Enter.
# Below the answer stands how it was joined.
`;

const plugins = [savedOperations];

export default function GraphiQLPage() {
  return (
    <Page title="GraphiQL">
      <Loaded query={stateQuery}>{(state: State) => <Playground state={state} />}</Loaded>
    </Page>
  );
}

type Explain = "analyze" | "plan" | "off";

function Playground({ state }: { state: State }) {
  const [chosen, setTarget] = useLocalStorage<Target>({ key: "joinery.target", defaultValue: "router" });
  const target = state.routerEndpoint ? chosen : "joinery";
  const [rows, setRows] = useLocalStorage<HeaderRow[]>({ key: "joinery.headers", defaultValue: [] });
  const [explain, setExplain] = useState<Explain>("analyze");
  const [plans, setPlans] = useState<JoinPlan[]>([]);
  const theme = useComputedColorScheme("light");
  const schema = useQuery({
    queryKey: ["schema", target, state.generation],
    queryFn: () => clientSchema(state, target),
    retry: false,
    staleTime: Infinity,
  });
  const fetcher = useCallback(
    async (operation: Operation) => {
      const ask = target === "router" ? askRouter : askJoinery;
      const headers = target === "router" ? headersOf(rows) : { ...adminHeaders(), ...headersOf(rows) };
      const { query, variables, operationName } = operation;
      const answered = await ask(
        state,
        { query, variables, operationName },
        headers,
        explain === "off" ? undefined : explain,
      );
      setPlans(answered.plans);
      return answered.answer;
    },
    [state, target, rows, explain],
  );
  return (
    <Stack gap="sm">
      <Group gap="md" align="flex-end">
        <SegmentedControl
          aria-label="Ask"
          value={target}
          onChange={(value) => setTarget(value)}
          data={[
            { value: "router", label: "Router", disabled: !state.routerEndpoint },
            { value: "joinery", label: "Joinery" },
          ]}
        />
        <NativeSelect
          label="Join plan"
          size="xs"
          value={explain}
          onChange={(event) => setExplain(event.currentTarget.value as Explain)}
          data={[
            { value: "analyze", label: "with numbers" },
            { value: "plan", label: "without numbers" },
            { value: "off", label: "none" },
          ]}
        />
        <Text size="sm">{target === "router" ? state.router : state.graphql}</Text>
      </Group>
      <Headers rows={rows} onChange={setRows} />
      {schema.error && (
        <Alert color="yellow" variant="outline" title="There is no completion">
          The schema could not be had: {schema.error.message}
        </Alert>
      )}
      <div className="graphiql-place">
        <GraphiQL
          fetcher={fetcher}
          schema={schema.data ?? null}
          forcedTheme={theme}
          defaultQuery={defaultQuery}
          plugins={plugins}
          isHeadersEditorEnabled={false}
          showPersistHeadersSettings={false}
        >
          <GraphiQL.Logo>
            <OperationTabs />
          </GraphiQL.Logo>
          <GraphiQL.Footer>
            <section aria-label="How the answer was joined" aria-live="polite">
              {plans.length === 0 && <Text size="sm">The join plan of an answer is shown here.</Text>}
              {plans.map((plan, i) => (
                <JoinPlanView key={i} plan={plan} />
              ))}
            </section>
          </GraphiQL.Footer>
        </GraphiQL>
      </div>
    </Stack>
  );
}
