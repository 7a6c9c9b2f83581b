import {
  buildASTSchema,
  buildClientSchema,
  getIntrospectionQuery,
  parse,
  type GraphQLSchema,
  type IntrospectionQuery,
} from "graphql";
import { ApiError, adminHeaders, request } from "../../api/client";
import { askJoinery, askRouter } from "../../api/graphql";
import type { State } from "../../api/types";

export type Target = "router" | "joinery";

/** clientSchema gives the schema of what is asked, also where introspection is off: then the console's API has its SDL. */
export async function clientSchema(state: State, target: Target): Promise<GraphQLSchema> {
  try {
    const response = await request("GET", `/schema?of=${target}`);
    return buildASTSchema(parse(await response.text()), { assumeValid: true });
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 404) throw error;
    return introspect(state, target);
  }
}

async function introspect(state: State, target: Target): Promise<GraphQLSchema> {
  const operation = { query: getIntrospectionQuery() };
  const asked = target === "router" ? askRouter(state, operation, {}) : askJoinery(state, operation, adminHeaders());
  const { answer } = await asked;
  if (!answer.data) throw new Error(answer.errors?.[0]?.message ?? "introspection is off");
  return buildClientSchema(answer.data as unknown as IntrospectionQuery);
}
