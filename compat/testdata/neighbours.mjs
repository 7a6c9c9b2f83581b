// Subgraphs that extend Joinery's types by different keys, and have entities and an interface object that Joinery extends.
import { gql } from 'graphql-tag';
import { serve } from './serve.mjs';

const link = gql`
  extend schema
    @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@shareable", "@interfaceObject"])
`;

const parcels = [
  { id: '1', number: 'n1', carrier: { code: 'P' } },
  { id: '2', number: 'n2', carrier: { code: 'C' } },
];

const post = {
  typeDefs: [
    link,
    gql`
      type Query {
        parcels: [Parcel!]!
        debtors: [Customer!]!
      }
      type Parcel @key(fields: "id") @key(fields: "number carrier { code }") {
        id: ID!
        number: String!
        carrier: Carrier!
        weight: Float
      }
      type Carrier @key(fields: "code") {
        code: ID!
        name: String
      }
      type Customer @key(fields: "email") {
        email: String
        debt: Int
      }
    `,
  ],
  resolvers: {
    Query: { parcels: () => parcels, debtors: () => [{ email: 'b@x.org' }, { email: 'none@x.org' }] },
    Parcel: { __resolveReference: ({ id }) => parcels.find((p) => p.id === id), weight: () => 1.5 },
    Carrier: { name: ({ code }) => `carrier ${code}` },
    Customer: { debt: ({ email }) => email?.length ?? null },
  },
};

const library = {
  typeDefs: [
    link,
    gql`
      type Query {
        lent: [Media!]!
        readers: [Customer!]!
      }
      type Media @interfaceObject @key(fields: "id") {
        id: ID!
        rating: Int
      }
      type Customer @key(fields: "tenant code") {
        tenant: Int!
        code: String!
        books: Int
      }
    `,
  ],
  resolvers: {
    Query: {
      lent: () => [{ id: 'f1' }, { id: 'b1' }],
      readers: () => [
        { tenant: 2, code: 'a' },
        { tenant: 1, code: 'b' },
      ],
    },
    Media: { rating: ({ id }) => (id === 'b1' ? 5 : 3) },
    Customer: { books: ({ tenant, code }) => tenant * 10 + code.length },
  },
};

await serve({ post, library });
