import { ApiError, adminHeaders, get, send } from "./client";
import type { GraphQLAnswer, JoinPlan, State } from "./types";

export interface Operation {
  query: string;
  variables?: Record<string, unknown> | null;
  operationName?: string | null;
}

export interface Answered {
  answer: GraphQLAnswer;
  plans: JoinPlan[];
}

type Explain = "analyze" | "plan";

type Ask = (
  state: State,
  operation: Operation,
  headers: Record<string, string>,
  explain?: Explain,
) => Promise<Answered>;

async function post(url: string, operation: Operation, headers: Record<string, string>): Promise<GraphQLAnswer> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json", ...headers },
    body: JSON.stringify(operation),
  });
  const text = await response.text();
  try {
    return JSON.parse(text) as GraphQLAnswer;
  } catch {
    throw new ApiError(response.status, "unexpected", `unexpected answer: ${response.status} ${text.slice(0, 200)}`);
  }
}

/** askJoinery sends an operation to Joinery itself. The join plan comes in its answer, and is taken out of it. */
export const askJoinery: Ask = async (state, operation, headers, explain) => {
  const asked: Record<string, string> = explain ? { "x-joinery-explain": explain } : {};
  const answer = await post(state.graphql, operation, { ...asked, ...headers });
  const { joinPlan, ...extensions } = answer.extensions ?? {};
  if (answer.extensions) answer.extensions = extensions;
  if (Object.keys(extensions).length === 0) delete answer.extensions;
  return { answer, plans: joinPlan ? [joinPlan] : [] };
};

/**
 * askRouter sends an operation to the router, by way of Joinery. The router doesn't hand join plans on, so Joinery keeps
 * those of the trace that the operation begins, with numbers in any case.
 */
export const askRouter: Ask = async (state, operation, headers, explain) => {
  const traceId = randomHex(16);
  if (explain) await send("POST", "/explain", { traceId });
  const answer = await post(state.routerEndpoint, operation, {
    ...headers,
    ...adminHeaders(),
    traceparent: `00-${traceId}-${randomHex(8)}-01`,
  });
  if ("error" in answer) throw new ApiError(502, "unavailable", (answer.error as { message: string }).message);
  const plans = explain ? (await get<{ joinPlans: JoinPlan[] }>(`/explain/${traceId}`)).joinPlans : [];
  return { answer, plans };
};

export function randomHex(bytes: number): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(bytes)), (b) => b.toString(16).padStart(2, "0")).join("");
}
