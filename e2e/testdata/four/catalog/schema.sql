create table makers (id int primary key, name text not null, country text);
create table products (
  sku text primary key, title text not null, blurb text, price numeric(10, 2), weight float8, maker_id int not null references makers
);
create table services (sku text primary key, title text not null, hours int not null);
create table bundles (sku text primary key, title text not null, pieces int not null);
create table parts (id int primary key, code text not null, maker_id int not null references makers, spec text, unique (maker_id, code));
create table couriers (code text primary key, name text not null);
create table order_items (
  order_id bigint, sku text references products, quantity int not null, courier_code text references couriers, primary key (order_id, sku)
);
create table watches (id int primary key, user_id int not null, sku text not null references products);
create table shipment_notes (id int primary key, number text not null, body text not null);
create table depots (id int primary key, courier text not null, city text not null);

insert into makers values (1, 'Acme', 'IT'), (2, 'Bolt', null);
insert into products values
  ('lamp', 'Lamp', 'bright', 40.00, 2.5, 1), ('desk', 'Desk', null, 259.50, 40, 1), ('chair', 'Chair', 'four legs', null, 7, 2);
insert into services values ('fitting', 'Fitting', 2);
insert into bundles values ('office', 'Office', 3), ('home', 'Home', 5);
insert into parts values (1, 'bulb', 1, 'E27'), (2, 'bulb', 2, 'E14'), (3, 'screw', 2, 'M4');
insert into couriers values ('P', 'Post'), ('Q', 'Quick');
insert into order_items values
  (101, 'lamp', 1, 'P'), (102, 'desk', 1, 'Q'), (102, 'chair', 4, 'P'), (103, 'chair', 1, null), (9007199254740993, 'lamp', 3, 'P');
insert into watches values (1, 1, 'desk'), (2, 1, 'chair'), (3, 3, 'lamp'), (4, 99, 'lamp');
insert into shipment_notes values (1, 's1', 'fragile'), (2, 's1', 'heavy'), (3, 's2', 'late');
insert into depots values (1, 'P', 'Rome'), (2, 'P', 'Turin'), (3, 'Q', 'Oslo');
