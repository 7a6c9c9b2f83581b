import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { send } from "../../api/client";
import type { Preview, Relationship } from "../../api/types";

export interface PreviewRequest {
  type: string;
  name?: string; // of the one that is replaced or removed
  relationship?: Relationship; // absent: there is nothing to look at, or it is removed
  revision: string;
}

/** usePreview asks what saving would change, a moment after the last key was pressed. Nothing is saved. */
export function usePreview(request: PreviewRequest, removal = false) {
  const [settled] = useDebouncedValue(JSON.stringify(request), 300);
  const { relationship } = JSON.parse(settled) as PreviewRequest;
  return useQuery({
    queryKey: ["preview", settled],
    queryFn: ({ signal }) => send<Preview>("POST", "/relationships/preview", JSON.parse(settled), signal),
    enabled: relationship !== undefined || removal,
    placeholderData: relationship || removal ? keepPreviousData : undefined,
    retry: false,
  });
}
