import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { metadataQuery, useConsoleState, useUndo } from "../api/queries";
import { showError, showSuccess } from "../components/toasts";

/** UndoButton takes the last change that was made here back. */
export function UndoButton() {
  const undoable = useConsoleState()?.undo;
  const metadata = useQuery(metadataQuery).data;
  const undo = useUndo();
  if (!undoable || !metadata) return null;
  const run = () =>
    undo.mutate(metadata.revision, {
      onSuccess: () => showSuccess("Undone", undoable.description),
      onError: (error) => showError("Undo failed", error.message),
    });
  return (
    <Button size="xs" variant="default" onClick={run} loading={undo.isPending} title={`Undo: ${undoable.description}`}>
      Undo
    </Button>
  );
}
