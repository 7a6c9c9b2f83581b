// The stand-in for Apollo Router where that isn't found: Apollo Gateway, with the rules of router.yaml that matter
// on a laptop. It is for development; production runs Apollo Router.
//
//   node gateway.mjs --supergraph FILE [--hot-reload] [--exit-with-stdin]
//
// The environment is router.yaml's: ROUTER_LISTEN, ROUTER_INTROSPECTION, ROUTER_OTLP_ENABLED; and for each subgraph, in
// capitals, NAME_URL and NAME_ROUTER_SECRET (of auth0, AUTH0PROFILE_URL and AUTH0PROFILE_ROUTER_SECRET).
import { randomBytes } from 'node:crypto';
import { unwatchFile, watchFile } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { ApolloGateway, RemoteGraphQLDataSource } from '@apollo/gateway';
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';

const { values: flags } = parseArgs({
  options: {
    supergraph: { type: 'string' },
    'hot-reload': { type: 'boolean', default: false },
    'exit-with-stdin': { type: 'boolean', default: false },
  },
});
const env = process.env;

// Nothing but these goes from a client to a subgraph: x-hasura-* from a client must not get through (see router.yaml).
const propagated = ['authorization', 'traceparent', 'tracestate', 'baggage'];

// setting reads what the environment says of a subgraph.
function setting(subgraph, name) {
  const prefix = subgraph === 'auth0' ? 'AUTH0PROFILE' : subgraph.toUpperCase().replaceAll('-', '_');
  return env[`${prefix}_${name}`];
}

class DataSource extends RemoteGraphQLDataSource {
  willSendRequest({ request, context }) {
    for (const [name, value] of Object.entries({ ...context.headers, ...this.insert })) {
      if (value) request.http.headers.set(name, value);
    }
  }
}

function clientHeaders({ req }) {
  const headers = Object.fromEntries(propagated.map((name) => [name, req.headers[name]]));
  // The stand-in exports no span of its own, but all subgraphs of an operation belong in one trace.
  if (!headers.traceparent && env.ROUTER_OTLP_ENABLED === 'true') {
    headers.traceparent = `00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-01`;
  }
  return { headers };
}

async function supergraphManager({ update }) {
  const read = () => readFile(flags.supergraph, 'utf8');
  if (!flags['hot-reload']) return { supergraphSdl: await read() };
  watchFile(flags.supergraph, { interval: 250 }, async () => {
    try {
      update(await read());
    } catch (error) {
      console.error(`supergraph not reloaded, the old one stays: ${error.message}`);
    }
  });
  return { supergraphSdl: await read(), cleanup: async () => unwatchFile(flags.supergraph) };
}

const gateway = new ApolloGateway({
  supergraphSdl: supergraphManager,
  buildService: ({ name, url }) =>
    new DataSource({
      url: setting(name, 'URL') || url,
      insert: { 'router-authorization': setting(name, 'ROUTER_SECRET') },
    }),
});
const server = new ApolloServer({
  gateway,
  introspection: env.ROUTER_INTROSPECTION === 'true',
  includeStacktraceInErrorResponses: false,
  formatError: ({ extensions: { code, path } = {}, ...error }) => ({ ...error, extensions: { code, path } }),
});

const [, host, port] = /^\[?(.*?)\]?:(\d+)$/.exec(env.ROUTER_LISTEN ?? '127.0.0.1:4000');
const { url } = await startStandaloneServer(server, {
  listen: { host, port: Number(port) },
  context: async (request) => clientHeaders(request),
});
console.error(`Apollo Gateway, standing in for Apollo Router, listens on ${url}`);

// Where the system cannot end a child with its parent, the closed stdin tells.
if (flags['exit-with-stdin']) process.stdin.on('end', () => process.exit(0)).resume();
