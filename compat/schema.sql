-- The suite's data (SUBGRAPH_GUIDE.md, "Expected Data Sets").
create table users (
  email text primary key,
  name text,
  total_products_created int,
  years_of_employment int not null
);
create table product_variations (id text primary key);
create table products (
  id text primary key,
  sku text,
  package text,
  variation_id text references product_variations,
  created_by text references users,
  notes text,
  unique (sku, package),
  unique (sku, variation_id)
);
create table product_dimensions (
  product_id text primary key references products,
  size text,
  weight float8,
  unit text
);
create table case_studies (case_number text primary key, description text);
create table product_research (
  case_number text primary key references case_studies,
  product_id text references products,
  outcome text
);
create table deprecated_products (
  sku text,
  package text,
  reason text,
  created_by text references users,
  inventory_id text not null,
  primary key (sku, package)
);

insert into users values ('support@apollographql.com', 'Jane Smith', 1337, 10);
insert into product_variations values ('OSS'), ('platform');
insert into products values
  ('apollo-federation', 'federation', '@apollo/federation', 'OSS', 'support@apollographql.com', null),
  ('apollo-studio', 'studio', '', 'platform', 'support@apollographql.com', null);
insert into product_dimensions select id, 'small', 1, 'kg' from products;
insert into case_studies values ('1234', 'Federation Study'), ('1235', 'Studio Study');
insert into product_research values ('1234', 'apollo-federation', null), ('1235', 'apollo-studio', null);
insert into deprecated_products values
  ('apollo-federation-v1', '@apollo/federation-v1', 'Migrate to Federation V2', 'support@apollographql.com', 'apollo-oss');
