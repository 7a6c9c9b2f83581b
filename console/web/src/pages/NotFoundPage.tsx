import { Anchor } from "@mantine/core";
import { Link } from "wouter";
import { Page } from "../components/Page";

export function NotFoundPage() {
  return (
    <Page title="There is no such page">
      <Anchor component={Link} href="/actions">
        To the actions
      </Anchor>
    </Page>
  );
}
