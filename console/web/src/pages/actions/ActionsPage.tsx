import { Anchor, Badge, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { Link } from "wouter";
import type { Action } from "../../api/types";
import { Rows } from "../../components/Definitions";
import { WithMetadata } from "../../components/Loaded";
import { Page } from "../../components/Page";
import { actionPath } from "../../links";

export function ActionsPage() {
  const [search, setSearch] = useState("");
  return (
    <Page title="Actions">
      <TextInput
        type="search"
        label="Search"
        placeholder="Name, type, handler or comment"
        maw={420}
        mb="md"
        value={search}
        onChange={(event) => setSearch(event.currentTarget.value)}
      />
      <WithMetadata>{({ actions }) => <ActionList actions={actions.filter((a) => matches(a, search))} />}</WithMetadata>
    </Page>
  );
}

function matches(action: Action, search: string): boolean {
  const text = [action.name, action.outputType, action.handler, action.comment ?? ""].join("\n").toLowerCase();
  return text.includes(search.trim().toLowerCase());
}

function ActionList({ actions }: { actions: Action[] }) {
  return (
    <>
      <Text role="status" size="sm" mb="xs">
        {actions.length === 1 ? "1 action" : `${actions.length} actions`}
      </Text>
      <Rows
        label="Actions"
        none="There is no such action."
        head={["Name", "Kind", "Output", "Roles", "Comment"]}
        rows={actions.map((a) => [
          <Anchor key="name" component={Link} href={actionPath(a.name)} fw={600} underline="always">
            {a.name}
          </Anchor>,
          <Badge key="kind" variant="default" tt="none">
            {a.execution === "asynchronous" ? `asynchronous ${a.kind}` : a.kind}
          </Badge>,
          a.outputType,
          ["admin", ...a.permissions].join(", "),
          a.comment ?? "",
        ])}
      />
    </>
  );
}
