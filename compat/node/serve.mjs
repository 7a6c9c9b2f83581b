import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { buildSubgraphSchema } from '@apollo/subgraph';

// serve runs subgraphs, prints their URLs as JSON in one line, and ends the process with its standard input.
export async function serve(subgraphs) {
  const urls = {};
  for (const [name, subgraph] of Object.entries(subgraphs)) {
    const server = new ApolloServer({ schema: buildSubgraphSchema(subgraph) });
    urls[name] = (await startStandaloneServer(server, { listen: { host: '127.0.0.1', port: 0 } })).url;
  }
  console.log(JSON.stringify(urls));
  process.stdin.resume().on('end', () => process.exit());
}
