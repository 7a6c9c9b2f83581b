import { Anchor, Breadcrumbs, Group, Text, Title } from "@mantine/core";
import { useEffect, useRef, type ReactNode } from "react";
import { Link } from "wouter";

export interface Crumb {
  label: string;
  path?: string;
}

interface Props {
  title: string;
  crumbs?: Crumb[];
  aside?: ReactNode; // beside the title
  children: ReactNode;
}

// The first page leaves the focus where the browser puts it.
let first = true;

/** Page is the frame of every page: its title is the document's, and takes the focus when one gets there. */
export function Page({ title, crumbs, aside, children }: Props) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · Joinery`;
    if (!first) heading.current?.focus({ preventScroll: true });
    first = false;
  }, [title]);
  return (
    <>
      {crumbs && <Trail crumbs={crumbs} />}
      <Group justify="space-between" mb="md" gap="sm">
        <Title order={1} size="h2" ref={heading} tabIndex={-1} style={{ overflowWrap: "anywhere" }}>
          {title}
        </Title>
        {aside}
      </Group>
      {children}
    </>
  );
}

function Trail({ crumbs }: { crumbs: Crumb[] }) {
  return (
    <nav aria-label="Breadcrumbs">
      <Breadcrumbs mb={4} fz="sm">
        {crumbs.map(({ label, path }) =>
          path ? (
            <Anchor key={label} component={Link} href={path} size="sm" underline="always">
              {label}
            </Anchor>
          ) : (
            <Text key={label} size="sm">
              {label}
            </Text>
          ),
        )}
      </Breadcrumbs>
    </nav>
  );
}
