import { Anchor, Group, List, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { Link } from "wouter";
import { supergraphQuery } from "../../api/queries";
import type { Metadata } from "../../api/types";
import { WithMetadata } from "../../components/Loaded";
import { Page } from "../../components/Page";
import { Section } from "../../components/Section";
import { graphOf, type Graph, type GraphNode } from "./graph";
import { kinds } from "./kinds";
import { Picture } from "./Picture";

export default function GraphPage() {
  return (
    <Page title="Graph">
      <WithMetadata>{(metadata) => <GraphOf metadata={metadata} />}</WithMetadata>
    </Page>
  );
}

function GraphOf({ metadata }: { metadata: Metadata }) {
  const supergraph = useQuery(supergraphQuery).data;
  const graph = useMemo(() => graphOf(metadata, supergraph?.subgraphs ?? []), [metadata, supergraph]);
  return (
    <>
      <Group gap="md" mb="xs">
        {Object.values(kinds).map(({ title, color }) => (
          <Group key={title} gap={6}>
            <span aria-hidden="true" style={{ width: 12, height: 12, background: color, borderRadius: 2 }} />
            <Text size="sm">{title}</Text>
          </Group>
        ))}
      </Group>
      <Picture graph={graph} />
      {supergraph && !supergraph.checked && (
        <Text size="sm" mt="xs">
          Other subgraphs are not shown: {supergraph.reason}.
        </Text>
      )}
      <Section title="The same as a list">
        <AsList graph={graph} />
      </Section>
    </>
  );
}

function AsList({ graph: { nodes, edges } }: { graph: Graph }) {
  const find = (id: string) => nodes.find((n) => n.id === id)!;
  return (
    <List size="sm" spacing={4}>
      {nodes.map((node) => (
        <List.Item key={node.id}>
          {node.kind} <NodeLink node={node} />
          {edges
            .filter((e) => e.from === node.id)
            .map((e, i) => (
              <span key={i}>
                {i === 0 ? " → " : ", "}
                {e.label && `${e.label}: `}
                <NodeLink node={find(e.to)} />
              </span>
            ))}
        </List.Item>
      ))}
    </List>
  );
}

function NodeLink({ node }: { node: GraphNode }) {
  if (!node.path) return <b>{node.label}</b>;
  return (
    <Anchor component={Link} href={node.path} size="sm" underline="always">
      {node.label}
    </Anchor>
  );
}
