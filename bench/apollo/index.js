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
    posts(limit: Int, order_by: [posts_order_by!], where: posts_bool_exp): [posts!]!
    posts_aggregate(where: posts_bool_exp): posts_aggregate!
  }

  type posts_aggregate {
    aggregate: posts_aggregate_fields
  }

  type posts_aggregate_fields {
    count: Int!
    max: posts_max_fields
  }

  type posts_max_fields {
    likes: Int
  }

  input posts_bool_exp {
    id: bigint_comparison_exp
  }

  input bigint_comparison_exp {
    _gt: bigint
  }

  input posts_order_by {
    id: order_by
  }

  enum order_by {
    asc
    desc
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

// A loader's key is an author with the field's arguments; keys of the same arguments share a statement.
const keyOf = (author, { limit = null, where, order_by } = {}) => ({
  author,
  limit,
  after: where?.id?._gt ?? null,
  order: order_by?.[0]?.id ?? null,
});
const cacheKeyFn = ({ author, limit, after, order }) => `${author}/${limit}/${after}/${order}`;

const byArguments = (load) => async (keys) => {
  const results = new Map();
  const groups = new Map();
  for (const key of keys) {
    const name = cacheKeyFn({ ...key, author: "" });
    if (!groups.has(name)) groups.set(name, []);
    groups.get(name).push(key);
  }
  await Promise.all(
    [...groups.values()].map(async (group) => {
      const byAuthor = await load(group.map((key) => key.author), group[0]);
      for (const key of group) results.set(key, byAuthor.get(key.author));
    }),
  );
  return keys.map((key) => results.get(key));
};

const postsByAuthorIds = async (ids, { limit, after, order }) => {
  const values = [ids];
  const parameter = (value) => `$${values.push(value)}`;
  let text = "SELECT id, author_id, editor_id, title, likes FROM posts WHERE author_id = ANY($1::int8[])";
  if (limit !== null || after !== null || order !== null) {
    text =
      "SELECT p.* FROM unnest($1::int8[]) AS k(id) CROSS JOIN LATERAL (SELECT id, author_id, editor_id, title, likes FROM posts WHERE author_id = k.id" +
      (after === null ? "" : ` AND id > ${parameter(after)}`) +
      (order === null ? "" : ` ORDER BY id ${order === "desc" ? "DESC" : "ASC"}`) +
      (limit === null ? "" : ` LIMIT ${parameter(limit)}`) +
      ") AS p";
  }
  const { rows } = await pool.query({ name: `posts_${after !== null}_${order}_${limit !== null}`, text, values });
  const byAuthor = new Map(ids.map((id) => [id, []]));
  for (const post of rows) byAuthor.get(post.author_id).push(post);
  return byAuthor;
};

const totalsByAuthorIds = async (ids, { after }) => {
  const { rows } = await pool.query({
    name: "totals_by_author_ids",
    text: "SELECT author_id, count(*)::int AS count, max(likes) AS likes FROM posts WHERE author_id = ANY($1::int8[]) AND ($2::int8 IS NULL OR id > $2) GROUP BY author_id",
    values: [ids, after],
  });
  const totals = new Map(ids.map((id) => [id, { aggregate: { count: 0, max: { likes: null } } }]));
  for (const { author_id, count, likes } of rows) totals.set(author_id, { aggregate: { count, max: { likes } } });
  return totals;
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
    posts: ({ id }, args, { loaders }) => loaders.posts.load(keyOf(id, args)),
    posts_aggregate: ({ id }, args, { loaders }) => loaders.totals.load(keyOf(id, args)),
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
    loaders: {
      users: new DataLoader(usersByIds),
      posts: new DataLoader(byArguments(postsByAuthorIds), { cacheKeyFn }),
      totals: new DataLoader(byArguments(totalsByAuthorIds), { cacheKeyFn }),
    },
  }),
});
