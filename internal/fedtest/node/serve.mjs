import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { concatAST } from 'graphql';

// serve runs subgraphs, prints their URLs as JSON in one line, and ends the process with its standard input.
export async function serve(subgraphs) {
  const urls = {};
  for (const [name, { typeDefs, resolvers }] of Object.entries(subgraphs)) {
    const schema = buildSubgraphSchema([{ typeDefs: concatAST([typeDefs].flat()), resolvers }]);
    const server = new ApolloServer({ schema, includeStacktraceInErrorResponses: false });
    urls[name] = (await startStandaloneServer(server, { listen: { host: '127.0.0.1', port: 0 } })).url;
  }
  console.log(JSON.stringify(urls));
  process.stdin.resume().on('end', () => process.exit());
}
