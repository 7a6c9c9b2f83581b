import { Alert, Button, Group, Stack, Text, Textarea } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { send } from "../../api/client";
import { useConsoleState, useSaveType } from "../../api/queries";
import type { Preview } from "../../api/types";
import { Conflict } from "../../components/Conflict";
import { showProgress } from "../../components/toasts";
import { PreviewDetails } from "../relationships/PreviewPanel";

interface Props {
  name: string;
  sdl: string;
  revision: string; // of the metadata that sdl stands in
}

/** TypeEditor changes the SDL of one type; it shows what that would change before it is saved. */
export function TypeEditor({ name, sdl, revision }: Props) {
  const writable = useConsoleState()?.writable ?? false;
  // What is typed is for the definition as it was then; while nothing is typed, it follows the files.
  const [base, setBase] = useState({ sdl, revision });
  const [text, setText] = useState(sdl);
  if (text === base.sdl && sdl !== base.sdl) {
    setBase({ sdl, revision });
    setText(sdl);
  }
  const conflict = sdl !== base.sdl && text !== base.sdl;
  const [settled] = useDebouncedValue(text, 400);
  const changed = settled !== sdl;
  const preview = useQuery({
    queryKey: ["type-preview", settled, revision],
    queryFn: ({ signal }) => send<Preview>("POST", "/types/preview", { sdl: settled }, signal),
    enabled: changed,
    retry: false,
  });
  const save = useSaveType();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const toast = showProgress("Saving type...");
    save.mutate(
      { sdl: text, revision: conflict ? base.revision : revision },
      {
        onSuccess: () => {
          toast.succeed("Type saved successfully");
          setBase({ sdl: text, revision });
        },
        onError: (error) => toast.fail("Saving type failed", error.message),
      },
    );
  };
  const faults = changed ? (preview.data?.faults ?? []) : [];
  const problem = faults.map((f) => f.message).join("\n") || (changed ? preview.error?.message : undefined);
  return (
    <form onSubmit={submit}>
      {conflict && !save.isPending && <Conflict onReload={() => setBase({ sdl, revision })} />}
      <Stack gap="sm">
        <Textarea
          label={`Definition of ${name} in SDL`}
          data-test="type-sdl"
          autosize
          minRows={4}
          spellCheck={false}
          styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)" } }}
          value={text}
          readOnly={!writable}
          error={problem}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        <Group gap="xs">
          <Button type="submit" disabled={!writable || text === sdl} loading={save.isPending} data-test="save-type">
            Save
          </Button>
          <Button variant="default" disabled={text === sdl} onClick={() => setText(sdl)}>
            Cancel
          </Button>
        </Group>
        {changed && preview.data && (
          <section aria-label="What saving changes">
            <Text fw={600}>What saving changes</Text>
            <PreviewDetails preview={preview.data} />
          </section>
        )}
        {save.error && (
          <Alert color="red" variant="outline" role="alert">
            {save.error.message}
          </Alert>
        )}
      </Stack>
    </form>
  );
}
