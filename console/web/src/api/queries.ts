import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { get, send, useLocked } from "./client";
import { follow } from "./events";
import type { Metadata, Relationship, State, Supergraph } from "./types";

export const stateQuery = queryOptions({
  queryKey: ["state"],
  queryFn: ({ signal }) => get<State>("/state", signal),
  staleTime: Infinity, // /events keeps it
});

export const metadataQuery = queryOptions({
  queryKey: ["metadata"],
  queryFn: ({ signal }) => get<Metadata>("/metadata", signal),
});

export const supergraphQuery = queryOptions({
  queryKey: ["supergraph"],
  queryFn: ({ signal }) => get<Supergraph>("/supergraph", signal),
  staleTime: 30_000,
});

export const useConsoleState = () => useQuery(stateQuery).data;

/** useEvents keeps state and metadata as the server has them, and says whether it hears from the server. */
export function useEvents(): boolean {
  const client = useQueryClient();
  const locked = useLocked();
  const [connected, setConnected] = useState(true);
  useEffect(() => {
    if (locked) return;
    const stop = new AbortController();
    const onEvent = (name: string, data: string) => {
      if (name !== "state") return;
      client.setQueryData(stateQuery.queryKey, JSON.parse(data) as State);
      void client.invalidateQueries({ queryKey: metadataQuery.queryKey });
      void client.invalidateQueries({ queryKey: supergraphQuery.queryKey });
    };
    void follow("/events", onEvent, setConnected, stop.signal);
    return () => stop.abort();
  }, [client, locked]);
  return connected;
}

/** What changes the metadata answers with the state after it. */
function useChange<T>(change: (input: T) => Promise<State>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: async (state) => {
      client.setQueryData(stateQuery.queryKey, state);
      await client.invalidateQueries({ queryKey: metadataQuery.queryKey });
    },
  });
}

export interface RelationshipChange {
  type: string;
  name?: string; // of the one that is replaced
  relationship: Relationship;
  revision: string;
}

export const useSaveRelationship = () =>
  useChange((change: RelationshipChange) => send<State>(change.name ? "PUT" : "POST", "/relationships", change));

export const useRemoveRelationship = () =>
  useChange((change: { type: string; name: string; revision: string }) =>
    send<State>("DELETE", "/relationships", change),
  );

export const useUndo = () => useChange((revision: string) => send<State>("POST", "/undo", { revision }));

export const useSaveType = () =>
  useChange((change: { sdl: string; revision: string }) => send<State>("POST", "/types", change));
