import { Table } from "@mantine/core";
import type { ReactNode } from "react";

/** Definitions is a table of two columns: what, and its value. Rows without a value are left out. */
export function Definitions({ label, rows }: { label: string; rows: [string, ReactNode][] }) {
  return (
    <Table aria-label={label} withRowBorders={false} layout="auto">
      <Table.Tbody>
        {rows
          .filter(([, value]) => value !== undefined && value !== "")
          .map(([name, value]) => (
            <Table.Tr key={name}>
              <Table.Th scope="row" w={180} style={{ verticalAlign: "top" }}>
                {name}
              </Table.Th>
              <Table.Td style={{ overflowWrap: "anywhere" }}>{value}</Table.Td>
            </Table.Tr>
          ))}
      </Table.Tbody>
    </Table>
  );
}

/** Rows is a table with a head; it scrolls sideways where the window is narrow. */
export function Rows({
  label,
  head,
  rows,
  none,
}: {
  label: string;
  head: string[];
  rows: ReactNode[][];
  none: string;
}) {
  if (rows.length === 0) return <p>{none}</p>;
  return (
    <Table.ScrollContainer minWidth={0} tabIndex={0} role="group" aria-label={label}>
      <Table striped aria-label={label}>
        <Table.Thead>
          <Table.Tr>
            {head.map((name) => (
              <Table.Th key={name} scope="col">
                {name}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((cells, i) => (
            <Table.Tr key={i}>
              {cells.map((cell, j) => (
                <Table.Td key={j}>{cell}</Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
