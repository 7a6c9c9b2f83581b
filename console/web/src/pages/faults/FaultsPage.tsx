import { Badge, Button, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { send } from "../../api/client";
import { stateQuery } from "../../api/queries";
import type { Fault, State } from "../../api/types";
import { Rows } from "../../components/Definitions";
import { Loaded } from "../../components/Loaded";
import { Page } from "../../components/Page";
import { PlaceLink } from "../../components/PlaceLink";
import { showError } from "../../components/toasts";

/** FaultsPage shows what is wrong with the metadata, as it is in the files now. */
export function FaultsPage() {
  const client = useQueryClient();
  const reload = useMutation({
    mutationFn: () => send<State>("POST", "/reload", {}),
    onSuccess: (state) => client.setQueryData(stateQuery.queryKey, state),
    onError: (error) => showError("Reloading failed", error.message),
  });
  const button = (
    <Button variant="default" size="xs" onClick={() => reload.mutate()} loading={reload.isPending}>
      Reload metadata
    </Button>
  );
  return (
    <Page title="Faults of the metadata" aside={button}>
      <Loaded query={stateQuery}>{(state: State) => <Faults state={state} />}</Loaded>
    </Page>
  );
}

function Faults({ state }: { state: State }) {
  return (
    <>
      <Text role="status" mb="sm">
        {state.faults.length === 0 ? "The metadata has no faults." : `${state.faults.length} faults.`}{" "}
        {state.status === "kept"
          ? `Generation ${state.generation}, the last good one, is served.`
          : `Generation ${state.generation} is served.`}
      </Text>
      {state.faults.length > 0 && (
        <Rows
          label="Faults"
          none=""
          head={["Severity", "Place", "Fault"]}
          rows={state.faults.map((f) => [
            <Badge key="severity" color={f.severity === "error" ? "red.9" : "gray.8"}>
              {f.severity}
            </Badge>,
            f.place && <PlaceLink key="place" place={f.place} />,
            <Message key="message" fault={f} />,
          ])}
        />
      )}
    </>
  );
}

function Message({ fault }: { fault: Fault }) {
  return (
    <>
      <Text size="sm">{fault.item ? `${fault.item}: ${fault.message}` : fault.message}</Text>
      {fault.hint && <Text size="sm">{fault.hint}</Text>}
    </>
  );
}
