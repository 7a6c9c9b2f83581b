import { Anchor, Button, CopyButton, Group } from "@mantine/core";
import { useConsoleState } from "../api/queries";
import type { Place } from "../api/types";

/** PlaceLink is a place in the metadata's files: opened in VS Code, or copied. */
export function PlaceLink({ place }: { place: Place }) {
  const dir = useConsoleState()?.metadataDirectory;
  const text = `${place.path}:${place.line}`;
  return (
    <Group gap={6} wrap="nowrap" style={{ display: "inline-flex" }}>
      {dir ? (
        <Anchor href={`vscode://file${dir}/${text}`} size="sm" underline="always" title="Open in VS Code">
          {text}
        </Anchor>
      ) : (
        <span>{text}</span>
      )}
      <CopyButton value={dir ? `${dir}/${text}` : text}>
        {({ copied, copy }) => (
          <Button size="compact-xs" variant="default" onClick={copy} aria-label={`Copy ${text}`}>
            {copied ? "Copied" : "Copy"}
          </Button>
        )}
      </CopyButton>
    </Group>
  );
}
