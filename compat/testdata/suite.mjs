// The subgraphs users and inventory of Apollo's compatibility suite.
import { GraphQLError } from 'graphql';
import { gql } from 'graphql-tag';
import { serve } from './serve.mjs';

const users = {
  typeDefs: gql`
    extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@shareable"])

    type User @key(fields: "email") {
      email: ID!
      name: String
      totalProductsCreated: Int @shareable
      yearsOfEmployment: Int!
    }
  `,
  resolvers: {
    User: {
      __resolveReference({ email }) {
        if (email !== 'support@apollographql.com') return null;
        return { email, name: 'Apollo Studio Support', totalProductsCreated: 10, yearsOfEmployment: 10 };
      },
    },
  },
};

const inventory = {
  typeDefs: gql`
    extend schema
      @link(
        url: "https://specs.apollo.dev/federation/v2.3"
        import: ["@key", "@requires", "@shareable", "@external"]
      )

    type Query {
      inventory(id: ID!): Inventory
    }

    interface Inventory @key(fields: "id") {
      id: ID!
      products: [Product!]!
    }

    type OpenSourceInventory implements Inventory @key(fields: "id") {
      id: ID!
      products: [Product!]!
    }

    extend type Product @key(fields: "id") {
      id: ID! @external
      dimensions: ProductDimension @external
      delivery(zip: String): DeliveryEstimates @requires(fields: "dimensions { size weight }")
    }

    type ProductDimension @shareable {
      size: String
      weight: Float
    }

    type DeliveryEstimates {
      estimatedDelivery: String
      fastestDelivery: String
    }
  `,
  resolvers: {
    Query: {
      inventory: (_, { id }) => (id === 'apollo-oss' ? { id, products: [{ id: 'apollo-federation' }] } : null),
    },
    Inventory: { __resolveType: ({ id }) => (id === 'apollo-oss' ? 'OpenSourceInventory' : null) },
    Product: {
      delivery({ id, dimensions }, { zip }) {
        const got = JSON.stringify([id, dimensions?.size, dimensions?.weight, zip]);
        const want = JSON.stringify(['apollo-federation', 'small', 1, '94111']);
        if (got !== want) throw new GraphQLError(`delivery was asked with ${got}`);
        return { estimatedDelivery: '5/1/2019', fastestDelivery: '5/1/2019' };
      },
    },
  },
};

await serve({ users, inventory });
