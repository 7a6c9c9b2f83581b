// Hive Gateway 2.15 in front of Joinery and other subgraphs, with the rules of ../router.yaml:
//
//   npm ci --ignore-scripts
//   npm start -- ../../supergraph.graphql --host 127.0.0.1 --port 4000
//
// What differs from place to place comes from the environment. For each subgraph, its name in capitals and _ for -:
// NAME_ROUTER_SECRET, by which the gateway proves itself, of auth0 AUTH0PROFILE_ROUTER_SECRET; JOINERY_URL and
// AUTH0PROFILE_URL go over the supergraph's routing_url. ROUTER_INTROSPECTION=true answers introspection and shows GraphiQL.
// OPENTELEMETRY=http://127.0.0.1:4318/v1/traces exports traces.
import { defineConfig, type GatewayPlugin } from '@graphql-hive/gateway';
import { unifiedGraphHandler } from '@graphql-hive/router-runtime';

const env = process.env;
const introspection = env.ROUTER_INTROSPECTION === 'true';

function setting(subgraph: string, name: string) {
  const prefix = subgraph === 'auth0' ? 'AUTH0PROFILE' : subgraph.toUpperCase().replaceAll('-', '_');
  return env[`${prefix}_${name}`];
}

// at says where a subgraph is, if the supergraph isn't to say so.
function at(subgraph: string) {
  const location = setting(subgraph, 'URL');
  return location ? { [subgraph]: { location } } : {};
}

// Of the extensions of errors only these two go out.
const withoutDetail: GatewayPlugin = {
  onExecutionResult({ result }) {
    for (const error of (result && 'errors' in result && result.errors) || []) {
      const { code, path } = error.extensions ?? {};
      Object.assign(error, { extensions: { code, path } });
    }
  },
};

export const gatewayConfig = defineConfig({
  // Hive Router's query planner. The default one, schema stitching, answers some federated operations in other ways: see
  // docs/routers.md.
  unifiedGraphHandler,

  graphqlEndpoint: '/',
  landingPage: false,
  graphiql: introspection,
  disableIntrospection: { disableIf: () => !introspection },

  transportEntries: { ...at('joinery'), ...at('auth0') },

  propagateHeaders: {
    fromClientToSubgraphs({ request, subgraphName }) {
      return {
        // Joinery verifies the user's token. x-hasura-* of a client is not propagated, on purpose: Joinery believes them of
        // a router that proves itself, so that clients could choose their roles. See docs/security.md.
        authorization: request.headers.get('authorization'),
        'router-authorization': setting(subgraphName, 'ROUTER_SECRET'),
        // With tracing on, the gateway sends its own.
        traceparent: env.OPENTELEMETRY ? undefined : request.headers.get('traceparent'),
      };
    },
  },

  // Subgraphs word their errors for clients.
  subgraphErrors: { subgraphNameProp: false },
  plugins: () => [withoutDetail],

  upstreamTimeout: 30_000,
  requestDeadline: 60_000,
  maxTokens: 15_000,
});
