import { Alert, Anchor } from "@mantine/core";
import { Link } from "wouter";
import { useConsoleState } from "../api/queries";

/** Banner says that a change has faults and was kept out, and that the metadata can't be written. */
export function Banner() {
  const state = useConsoleState();
  if (!state) return null;
  return (
    <>
      {state.status === "kept" && (
        <Alert color="red" variant="outline" title="A bad change was kept out" mb="md" role="alert">
          The metadata in the files has faults, so the last good version is still served.{" "}
          <Anchor component={Link} href="/faults" size="sm" underline="always">
            See the faults
          </Anchor>
        </Alert>
      )}
      {!state.writable && (
        <Alert color="yellow" variant="outline" title="The metadata can't be changed here" mb="md">
          {state.readOnlyReason ?? "The metadata directory is read-only."}
        </Alert>
      )}
    </>
  );
}
