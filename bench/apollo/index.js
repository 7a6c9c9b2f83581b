// A subgraph as Apollo's documentation has one written: Apollo Server, @apollo/subgraph, and a dataloader with one
// statement per batch for every relation.
// https://www.apollographql.com/docs/apollo-server/using-federation/apollo-subgraph-setup
import { ApolloServer } from "@apollo/server";
import { startStandaloneServer } from "@apollo/server/standalone";
import { buildSubgraphSchema } from "@apollo/subgraph";
import DataLoader from "dataloader";
import { GraphQLScalarType, parse } from "graphql";
import pg from "pg";

const typeDefs = parse(`
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key"])

  scalar bigint

  type users @key(fields: "id") {
    id: bigint!
    name: String!
    email: String!
    posts: [posts!]!
  }

  type posts {
    id: bigint!
    title: String!
    likes: Int!
    author: users!
    editor: users!
  }

  type CreateUserOutput {
    id: bigint!
    user: users
  }

  type Query {
    user(id: bigint!): users
  }

  type Mutation {
    createUser(name: String!): CreateUserOutput!
    createUsers(names: [String!]!): [CreateUserOutput!]!
  }
`);

pg.types.setTypeParser(pg.types.builtins.INT8, Number); // all ids are below 2^53
const pool = new pg.Pool({
  connectionString: process.env.DATABASE_URL,
  max: Number(process.env.POOL_MAX_CONNS ?? 10),
});

const usersByIds = async (ids) => {
  const { rows } = await pool.query({
    name: "users_by_ids",
    text: "SELECT id, name, email FROM users WHERE id = ANY($1::int8[])",
    values: [ids],
  });
  const byId = new Map(rows.map((user) => [user.id, user]));
  return ids.map((id) => byId.get(id) ?? null);
};

const postsByAuthorIds = async (ids) => {
  const { rows } = await pool.query({
    name: "posts_by_author_ids",
    text: "SELECT id, author_id, editor_id, title, likes FROM posts WHERE author_id = ANY($1::int8[])",
    values: [ids],
  });
  const byAuthor = new Map(ids.map((id) => [id, []]));
  for (const post of rows) byAuthor.get(post.author_id).push(post);
  return ids.map((id) => byAuthor.get(id));
};

// callAction posts the payload that Hasura posts. https://hasura.io/docs/2.0/actions/action-handlers/
const callAction = async (name, path, input, info) => {
  const response = await fetch(process.env.HANDLER_URL + path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      action: { name },
      input,
      session_variables: { "x-hasura-role": "admin" },
      request_query: info.operation.loc.source.body,
    }),
  });
  if (!response.ok) throw new Error(`call action ${name}: status ${response.status}`);
  return response.json();
};

const resolvers = {
  bigint: new GraphQLScalarType({ name: "bigint" }),
  users: {
    __resolveReference: ({ id }, { loaders }) => loaders.users.load(id),
    posts: ({ id }, _, { loaders }) => loaders.posts.load(id),
  },
  posts: {
    author: ({ author_id }, _, { loaders }) => loaders.users.load(author_id),
    editor: ({ editor_id }, _, { loaders }) => loaders.users.load(editor_id),
  },
  CreateUserOutput: {
    user: ({ id }, _, { loaders }) => loaders.users.load(id),
  },
  Query: {
    user: (_, { id }, { loaders }) => loaders.users.load(id),
  },
  Mutation: {
    createUser: (_, input, __, info) => callAction("createUser", "/create-user", input, info),
    createUsers: (_, input, __, info) => callAction("createUsers", "/create-users", input, info),
  },
};

const server = new ApolloServer({ schema: buildSubgraphSchema({ typeDefs, resolvers }) });
const [host, port] = process.env.LISTEN.split(":");
await startStandaloneServer(server, {
  listen: { host, port: Number(port) },
  context: async () => ({
    loaders: { users: new DataLoader(usersByIds), posts: new DataLoader(postsByAuthorIds) },
  }),
});
