// A GraphQL service by the reference implementation. Its address is its first line of output; GET / answers what was
// asked since the last time: [{query, variables, headers}].
import { createServer } from 'node:http';
import { buildSchema, graphql } from 'graphql';

const schema = buildSchema(`
  type Query {
    weather(city: String!, unit: Unit = CELSIUS): Weather
    account(id: ID!): Account
    search(owner: ID!, first: Int = 2, filter: Filter): [Hit!]!
    strict(id: ID!): Account!
    node(id: ID!): Node
    secret(id: ID!, token: String!): String
  }
  "How temperatures are counted."
  enum Unit { CELSIUS FAHRENHEIT }
  type Weather { city: String! temperature(unit: Unit): Float wind: Wind! fails: Int stations: [Station!] }
  type Wind { speed: Float! }
  type Station { id: ID! weather: Weather }
  interface Node { id: ID! }
  type Account implements Node { id: ID! profile(size: Int): Profile owner: String broken: String! old: Int @deprecated(reason: "gone") }
  type Profile { nickname: String picture: String }
  union Hit = Account | Weather
  input Filter { text: String limit: Int deep: Filter }
`);

const weather = (city, unit) => ({
  __typename: 'Weather', city, temperature: (args) => ((args.unit ?? unit) === 'FAHRENHEIT' ? 50 : 10), wind: { speed: 1.5 },
  fails: () => { throw new Error('the sensor is broken'); },
  stations: [{ id: `${city}-1`, weather: { city, wind: () => { throw new Error('no wind'); } } }, { id: `${city}-2` }],
});
const account = (id) => ({
  __typename: 'Account', id, owner: `owner of ${id}`, broken: () => { throw new Error(`account ${id} is broken`); },
  profile: (args) => ({ nickname: `nick ${id}`, picture: `${id}@${args.size ?? 'any'}` }), old: 1,
});
const rootValue = {
  weather: ({ city, unit }) => (city === 'nowhere' ? null : weather(city, unit)),
  account: ({ id }) => (id === '0' ? null : account(id)),
  search: ({ owner, first, filter }) => [account(owner), weather(`city of ${owner}${filter ? ' ' + JSON.stringify(filter) : ''}`)].slice(0, first),
  strict: ({ id }) => { if (id === '2') throw new Error('strict about 2'); return account(id); },
  node: ({ id }) => account(id),
  secret: ({ id, token }) => `${id} by ${token}`,
};

let asked = [];
const server = createServer(async (req, res) => {
  if (req.method === 'GET') {
    res.end(JSON.stringify(asked));
    asked = [];
    return;
  }
  let text = '';
  for await (const chunk of req) text += chunk;
  const { query, variables } = JSON.parse(text);
  asked.push({ query, variables, headers: req.headers });
  const answer = await graphql({ schema, source: query, rootValue, variableValues: variables });
  res.setHeader('Content-Type', 'application/json');
  res.end(JSON.stringify(answer));
});
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`));
