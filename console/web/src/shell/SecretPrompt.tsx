import { Button, PasswordInput, Stack, Text } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { adminSecret, unlock } from "../api/client";
import { Page } from "../components/Page";

/** SecretPrompt asks for the admin secret. It is kept until the tab is closed. */
export function SecretPrompt() {
  const [secret, setSecret] = useState("");
  const client = useQueryClient();
  const refused = adminSecret() !== null;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    unlock(secret);
    void client.invalidateQueries();
  };
  return (
    <Page title="Admin secret">
      <form onSubmit={submit}>
        <Stack maw={420}>
          <Text>This Joinery asks for its admin secret. It is kept in this tab only.</Text>
          <PasswordInput
            label="Admin secret"
            autoComplete="off"
            value={secret}
            onChange={(event) => setSecret(event.currentTarget.value)}
            error={refused ? "invalid admin secret" : undefined}
            data-autofocus
          />
          <Button type="submit" disabled={secret === ""}>
            Enter
          </Button>
        </Stack>
      </form>
    </Page>
  );
}
