import { Alert, Button, Loader } from "@mantine/core";
import { useQuery, type UseQueryOptions } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { metadataQuery } from "../api/queries";
import type { Metadata } from "../api/types";

interface Props<T> {
  query: UseQueryOptions<T, Error, T, string[]>;
  children: (data: T) => ReactNode;
}

/** Loaded shows what a query gives, or why there is nothing yet. */
export function Loaded<T>({ query, children }: Props<T>) {
  const { data, error, refetch } = useQuery(query);
  if (data !== undefined) return children(data);
  if (!error) return <Loader aria-label="Loading" />;
  return (
    <Alert color="red" variant="outline" title="This could not be loaded" role="alert">
      {error.message}
      <div>
        <Button mt="sm" size="xs" onClick={() => void refetch()}>
          Try again
        </Button>
      </div>
    </Alert>
  );
}

export function WithMetadata({ children }: { children: (metadata: Metadata) => ReactNode }) {
  return <Loaded query={metadataQuery}>{children}</Loaded>;
}
