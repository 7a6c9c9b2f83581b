import { useSyncExternalStore } from "react";
import type { FieldFault } from "./types";

const base = "/console/api";
const secretKey = "joinery.admin-secret";

/** An answer that isn't 2xx, or none at all (status 0). */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly faults: FieldFault[] = [],
  ) {
    super(message);
  }
}

// The admin secret lives as long as the browser's tab. "Locked" is when the server refused what we sent.
let locked = false;
const listeners = new Set<() => void>();

function setLocked(value: boolean) {
  locked = value;
  listeners.forEach((listener) => listener());
}

export function useLocked(): boolean {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => locked,
  );
}

export const adminSecret = () => sessionStorage.getItem(secretKey);

export function unlock(secret: string) {
  sessionStorage.setItem(secretKey, secret);
  setLocked(false);
}

/** The headers that prove to be the admin; none where no secret is needed. */
export function adminHeaders(): Record<string, string> {
  const secret = adminSecret();
  return secret ? { "x-hasura-admin-secret": secret } : {};
}

/** request asks /console/api and gives the raw answer; every answer but a 2xx is an ApiError. */
export async function request(method: string, path: string, init: RequestInit = {}): Promise<Response> {
  let response: Response;
  const headers = { ...adminHeaders(), ...(init.headers as Record<string, string>) };
  try {
    response = await fetch(base + path, { ...init, method, headers });
  } catch (cause) {
    if (init.signal?.aborted) throw cause;
    throw new ApiError(0, "unreachable", "Joinery does not answer. Is it still running?");
  }
  if (response.ok) return response;
  if (response.status === 401) setLocked(true);
  throw await readError(response);
}

async function readError(response: Response): Promise<ApiError> {
  try {
    const { error } = (await response.json()) as { error: { code: string; message: string; faults?: FieldFault[] } };
    return new ApiError(response.status, error.code, error.message, error.faults);
  } catch {
    return new ApiError(response.status, "unexpected", `unexpected answer: ${response.status} ${response.statusText}`);
  }
}

export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  const response = await request("GET", path, { signal });
  return (await response.json()) as T;
}

export async function send<T>(
  method: "POST" | "PUT" | "DELETE",
  path: string,
  body: unknown,
  signal?: AbortSignal,
): Promise<T> {
  const headers = { "content-type": "application/json" };
  const response = await request(method, path, { body: JSON.stringify(body), headers, signal });
  const text = await response.text();
  return (text ? JSON.parse(text) : undefined) as T;
}
