import { Button, Group } from "@mantine/core";
import { useGraphiQL, useGraphiQLActions } from "@graphiql/react";

/** OperationTabs are GraphiQL's open operations. */
export function OperationTabs() {
  const tabs = useGraphiQL((state) => state.tabs);
  const active = useGraphiQL((state) => state.activeTabIndex);
  const actions = useGraphiQLActions();
  return (
    <Group gap={4} wrap="nowrap" role="group" aria-label="Operations">
      {tabs.map((tab, i) => (
        <Group key={tab.id} gap={0} wrap="nowrap">
          <Button
            size="compact-xs"
            variant={i === active ? "filled" : "default"}
            aria-pressed={i === active}
            onClick={() => actions.changeTab(i)}
          >
            {tab.title}
          </Button>
          {tabs.length > 1 && (
            <Button
              size="compact-xs"
              variant="default"
              aria-label={`Close ${tab.title}`}
              onClick={() => actions.closeTab(i)}
            >
              ×
            </Button>
          )}
        </Group>
      ))}
      <Button size="compact-xs" variant="default" onClick={() => actions.addTab()} aria-label="New operation">
        +
      </Button>
    </Group>
  );
}
