import "@xyflow/react/dist/style.css";

import dagre from "@dagrejs/dagre";
import { useComputedColorScheme } from "@mantine/core";
import { Controls, MarkerType, Position, ReactFlow, type Edge, type Node } from "@xyflow/react";
import { useMemo } from "react";
import { useLocation } from "wouter";
import type { Graph } from "./graph";
import { kinds } from "./kinds";

const height = 40;
const widthOf = (label: string) => Math.max(110, label.length * 8 + 28);

/** Picture draws the graph from left to right. A node is a link to its page, by mouse and by keyboard. */
export function Picture({ graph }: { graph: Graph }) {
  const [, go] = useLocation();
  const colorMode = useComputedColorScheme("light");
  const { nodes, edges } = useMemo(() => layOut(graph), [graph]);
  const open = (id: string) => {
    const path = graph.nodes.find((n) => n.id === id)?.path;
    if (path) go(path);
  };
  return (
    <div
      className="graph"
      role="group"
      aria-label="Picture of the graph"
      onKeyDown={(event) => {
        const id = (event.target as HTMLElement).closest("[data-id]")?.getAttribute("data-id");
        if (event.key === "Enter" && id) open(id);
      }}
    >
      <ReactFlow
        key={graph.nodes.length} // fits the view anew
        nodes={nodes}
        edges={edges}
        colorMode={colorMode}
        fitView
        minZoom={0.1}
        nodesDraggable={false}
        nodesConnectable={false}
        edgesFocusable={false}
        onNodeClick={(_, node) => open(node.id)}
      >
        <Controls showInteractive={false} />
      </ReactFlow>
    </div>
  );
}

function layOut(graph: Graph): { nodes: Node[]; edges: Edge[] } {
  const g = new dagre.graphlib.Graph({ multigraph: true });
  g.setGraph({ rankdir: "LR", nodesep: 24, ranksep: 110 });
  g.setDefaultEdgeLabel(() => ({}));
  graph.nodes.forEach((n) => g.setNode(n.id, { width: widthOf(n.label), height }));
  graph.edges.forEach((e, i) => g.setEdge(e.from, e.to, {}, String(i)));
  dagre.layout(g);
  const nodes = graph.nodes.map((n): Node => {
    const { x, y, width } = g.node(n.id) as { x: number; y: number; width: number };
    return {
      id: n.id,
      position: { x: x - width / 2, y: y - height / 2 },
      data: { label: n.label },
      ariaLabel: `${n.kind} ${n.label}`,
      sourcePosition: Position.Right,
      targetPosition: Position.Left,
      style: { width, height, background: kinds[n.kind].color, color: "#fff", border: 0, fontSize: 13 },
    };
  });
  const edges = graph.edges.map((e, i): Edge => ({
    id: String(i),
    source: e.from,
    target: e.to,
    label: e.label || undefined,
    markerEnd: { type: MarkerType.ArrowClosed },
  }));
  return { nodes, edges };
}
