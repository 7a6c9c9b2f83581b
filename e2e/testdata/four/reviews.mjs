// The subgraph reviews, on Apollo Server: it owns reviews, payments and shipments, and extends what the Joineries and the
// Auth0 profile subgraph have.
import { GraphQLError } from 'graphql';
import { gql } from 'graphql-tag';
import { serve } from './serve.mjs';

const typeDefs = gql`
  extend schema
    @link(
      url: "https://specs.apollo.dev/federation/v2.3"
      import: ["@key", "@external", "@requires", "@provides", "@shareable", "@interfaceObject"]
    )

  type Query {
    review(id: ID!): Review
    reviews: [Review!]!
    most_viewed: [Listing]!
    payments: [Payment!]!
    shipments: [Shipment!]!
    spare_parts: [Part]!
    regulars: [users]!
  }

  type Mutation {
    rate(sku: ID!, stars: Int!): Rating!
  }

  type Rating {
    stars: Int!
    product: Product!
  }

  type Review @key(fields: "id") {
    id: ID!
    stars: Int!
    body: String
    product: Product
    author: users @provides(fields: "name")
  }

  type users @key(fields: "email") {
    email: String
    name: String! @external
    auth0_profile: Auth0Profile @external
    loyalty: Int
    badge: String @requires(fields: "name auth0_profile { nickname }")
    reviews: [Review!]!
  }

  type Auth0Profile {
    nickname: String @external
  }

  type orders @key(fields: "tenant number") {
    tenant: Int!
    number: String!
    payment: Payment
    shipment: Shipment
  }

  type Product @key(fields: "sku") {
    sku: ID!
    title: String! @shareable
    blurb: String
    weight: Float @external
    rating: Float
    shipping: Int @requires(fields: "weight")
    reviews: [Review!]!
  }

  type Listing @interfaceObject @key(fields: "sku") {
    sku: ID!
    views: Int!
  }

  interface Payment @key(fields: "id") {
    id: ID!
    price: Money!
  }

  type CardPayment implements Payment @key(fields: "id") {
    id: ID!
    price: Money!
    last4: String!
  }

  type CashPayment implements Payment @key(fields: "id") {
    id: ID!
    price: Money!
    till: Int!
  }

  type Money @shareable {
    amount: numeric!
    currency: Currency!
  }

  enum Currency {
    EUR
    USD
  }

  scalar numeric

  type Shipment @key(fields: "id") @key(fields: "number carrier { code }") {
    id: ID!
    number: String!
    carrier: Carrier!
    sent: Boolean!
  }

  type Carrier @key(fields: "code") {
    code: ID!
  }

  type Courier @key(fields: "code") {
    code: ID!
    name: String! @shareable
    phone: String
  }

  type Part @key(fields: "code maker { id }") {
    code: String!
    maker: makers!
    in_stock: Boolean
  }

  type makers @key(fields: "id") {
    id: Int!
  }
`;

const reviews = [
  { id: 'r1', stars: 5, body: 'shines', product: 'lamp', author: 'ada@x.org' },
  { id: 'r2', stars: 4, body: null, product: 'lamp', author: 'bo@x.org' },
  { id: 'r3', stars: 1, body: 'wobbles', product: 'chair', author: 'gone@x.org' },
  { id: 'r4', stars: 3, body: 'lost', product: null, author: null },
];
const names = { 'ada@x.org': 'Ada', 'bo@x.org': 'Bo', 'gone@x.org': 'Gone' };
const loyalty = { 'ada@x.org': 120, 'bo@x.org': 8, 'di@x.org': 0 };
const money = (amount, currency) => ({ amount, currency });
const payments = [
  { id: 'p1', order: '1 A-1', price: money(40, 'EUR'), last4: '4242' },
  { id: 'p2', order: '1 A-2', price: money(259.5, 'USD'), till: 3 },
  { id: 'p3', order: '2 B-7', price: money(1, 'EUR'), till: 1 },
];
const shipments = [
  { id: '1', order: '1 A-1', number: 's1', carrier: { code: 'P' }, sent: true },
  { id: '2', order: '2 B-7', number: 's2', carrier: { code: 'Q' }, sent: false },
];
const titles = { lamp: 'Lamp', desk: 'Desk', chair: 'Chair' };
const views = { fitting: 500, office: 900, home: 20 };
const couriers = { P: { name: 'Post', phone: '+39 06' }, Q: { name: 'Quick', phone: null } };
const places = (list) => (place) => list.find(({ order }) => order === place) ?? null;

const resolvers = {
  Query: {
    review: (_, { id }) => reviews.find((r) => r.id === id),
    reviews: () => reviews,
    most_viewed: () => ['office', 'fitting', 'gone', 'home'].map((sku) => ({ sku })),
    payments: () => payments,
    shipments: () => shipments,
    spare_parts: () => [
      { code: 'screw', maker: { id: 2 } },
      { code: 'bulb', maker: { id: 1 } },
      { code: 'bulb', maker: { id: 9 } },
    ],
    regulars: () => ['bo@x.org', null, 'gone@x.org', 'ada@x.org'].map((email) => ({ email })),
  },
  Mutation: {
    rate(_, { sku, stars }) {
      if (stars > 5) throw new GraphQLError('at most five stars', { extensions: { code: 'TOO_MANY_STARS' } });
      return { stars, product: { sku } };
    },
  },
  Review: {
    __resolveReference: ({ id }) => reviews.find((r) => r.id === id),
    body({ id, body }) {
      if (id === 'r4') throw new GraphQLError('the body is lost', { extensions: { code: 'BODY_LOST' } });
      return body;
    },
    product: ({ product }) => product && { sku: product },
    author: ({ author }) => author && { email: author, name: names[author] },
  },
  users: {
    loyalty: ({ email }) => loyalty[email] ?? null,
    badge: ({ name, auth0_profile: profile }) => `${name}/${profile?.nickname ?? 'nobody'}`,
    reviews: ({ email }) => reviews.filter((r) => r.author === email),
  },
  orders: {
    payment: ({ tenant, number }) => places(payments)(`${tenant} ${number}`),
    shipment: ({ tenant, number }) => places(shipments)(`${tenant} ${number}`),
  },
  Product: {
    title: ({ sku }) => titles[sku],
    blurb: () => 'overridden',
    rating({ sku }) {
      const stars = reviews.filter((r) => r.product === sku).map((r) => r.stars);
      return stars.length ? stars.reduce((a, b) => a + b) / stars.length : null;
    },
    shipping: ({ weight }) => Math.ceil(weight) * 2,
    reviews: ({ sku }) => reviews.filter((r) => r.product === sku),
  },
  Listing: { views: ({ sku }) => views[sku] ?? 0 },
  Payment: {
    __resolveReference: ({ id }) => payments.find((p) => p.id === id),
    __resolveType: (payment) => (payment.last4 ? 'CardPayment' : 'CashPayment'),
  },
  CardPayment: { __resolveReference: ({ id }) => payments.find((p) => p.id === id) },
  CashPayment: { __resolveReference: ({ id }) => payments.find((p) => p.id === id) },
  Shipment: { __resolveReference: ({ id, number }) => shipments.find((s) => s.id === id || s.number === number) },
  Courier: { name: ({ code }) => couriers[code].name, phone: ({ code }) => couriers[code].phone },
  Part: { in_stock: ({ code, maker }) => code === 'bulb' && maker.id === 1 },
};

await serve({ reviews: { typeDefs, resolvers } });
