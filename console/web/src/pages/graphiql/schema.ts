import {
  buildASTSchema,
  buildClientSchema,
  getIntrospectionQuery,
  parse,
  type GraphQLSchema,
  type IntrospectionQuery,
} from "graphql";
import { request } from "../../api/client";
import { askRouter } from "../../api/graphql";
import type { State } from "../../api/types";

export type Target = "router" | "joinery";

/**
 * clientSchema gives the schema of what is asked. Joinery's comes from the console's API, as introspection may be off; a router
 * has to be asked by introspection.
 */
export async function clientSchema(state: State, target: Target): Promise<GraphQLSchema> {
  if (target === "joinery") {
    const response = await request("GET", "/schema?of=joinery");
    return buildASTSchema(parse(await response.text()), { assumeValid: true });
  }
  const { answer } = await askRouter(state, { query: getIntrospectionQuery() }, {});
  if (!answer.data) throw new Error(answer.errors?.[0]?.message ?? "introspection is off");
  return buildClientSchema(answer.data as unknown as IntrospectionQuery);
}
