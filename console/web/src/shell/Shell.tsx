import { Anchor, AppShell, Badge, Burger, Group, NavLink, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useEffect, type ReactNode } from "react";
import { Link, useLocation } from "wouter";
import { useLocked } from "../api/client";
import { useConsoleState } from "../api/queries";
import { Banner } from "./Banner";
import { ColorSchemeSwitch } from "./ColorSchemeSwitch";
import { SecretPrompt } from "./SecretPrompt";
import { UndoButton } from "./UndoButton";

const pages = [
  { path: "/actions", label: "Actions" },
  { path: "/types", label: "Custom types" },
  { path: "/tables", label: "Tables" },
  { path: "/graphiql", label: "GraphiQL" },
  { path: "/graph", label: "Graph" },
  { path: "/faults", label: "Faults" },
];

export function Shell({ connected, children }: { connected: boolean; children: ReactNode }) {
  const [opened, { toggle, close }] = useDisclosure();
  const [location] = useLocation();
  const locked = useLocked();
  useEffect(close, [location, close]);
  return (
    <AppShell
      header={{ height: 56 }}
      navbar={{ width: 200, breakpoint: "sm", collapsed: { mobile: !opened } }}
      padding="md"
    >
      <a className="skip-link" href="#main">
        Skip to the content
      </a>
      <AppShell.Header>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Group wrap="nowrap" gap="sm">
            <Burger
              opened={opened}
              onClick={toggle}
              hiddenFrom="sm"
              size="sm"
              aria-label="Pages"
              aria-expanded={opened}
            />
            <Anchor component={Link} href="/actions" fw={700} c="inherit" underline="never">
              Joinery
            </Anchor>
          </Group>
          <Group gap="sm" wrap="nowrap">
            <Connection connected={connected} />
            <UndoButton />
            <ColorSchemeSwitch />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs" aria-label="Pages">
        <Navigation location={location} />
      </AppShell.Navbar>
      <AppShell.Main id="main" tabIndex={-1}>
        {locked ? (
          <SecretPrompt />
        ) : (
          <>
            <Banner />
            {children}
          </>
        )}
      </AppShell.Main>
    </AppShell>
  );
}

function Navigation({ location }: { location: string }) {
  const faults = useConsoleState()?.faults.length ?? 0;
  return pages.map(({ path, label }) => {
    const active = location === path || location.startsWith(path + "/");
    return (
      <NavLink
        key={path}
        component={Link}
        href={path}
        label={label}
        active={active}
        aria-current={active ? "page" : undefined}
        rightSection={path === "/faults" && faults > 0 ? <FaultCount count={faults} /> : undefined}
      />
    );
  });
}

function FaultCount({ count }: { count: number }) {
  return (
    <Badge size="sm" color="red.9" circle aria-label={`${count} faults`} role="img">
      {count}
    </Badge>
  );
}

function Connection({ connected }: { connected: boolean }) {
  return (
    <Text size="xs" role="status" visibleFrom="xs">
      {connected ? "" : "No connection to Joinery. Trying again …"}
    </Text>
  );
}
