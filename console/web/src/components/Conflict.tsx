import { Alert, Button } from "@mantine/core";

/** Conflict tells that what is being edited was changed elsewhere. Input is kept until one decides. */
export function Conflict({ onReload }: { onReload: () => void }) {
  return (
    <Alert
      color="yellow"
      variant="outline"
      title="The metadata was changed by somebody else in the meantime"
      role="alert"
      mb="md"
    >
      Nothing of yours was saved, and nothing is lost: what you filled in stays here.
      <div>
        <Button mt="sm" size="xs" onClick={onReload}>
          Reload and keep my input
        </Button>
      </div>
    </Alert>
  );
}
