create table order_status (value text primary key, comment text);
create table users (
  id int primary key, name text not null, email text unique, auth0_id text unique, born date, manager_id int references users
);
create table orders (
  id bigint primary key, tenant int not null, number text not null, user_id int not null references users, sku text not null,
  status text not null references order_status, total numeric(10, 2) not null, placed_at timestamptz not null, notes jsonb,
  unique (tenant, number)
);
create table flags (id int primary key, review_id text not null, reason text not null, user_id int references users);
create table refunds (id int primary key, payment_id text not null, cents int not null);

insert into order_status values ('OPEN', 'not paid yet'), ('PAID', null), ('SENT', 'on its way');
insert into users values
  (1, 'Ada', 'ada@x.org', 'auth0|ada', '1815-12-10', null),
  (2, 'Bo', 'bo@x.org', 'auth0|bo', '1990-02-28', 1),
  (3, 'Cy', null, null, null, 1),
  (4, 'Di', 'di@x.org', 'auth0|gone', '2000-02-29', 2);
insert into orders values
  (101, 1, 'A-1', 1, 'lamp', 'SENT', 40.00, '2026-01-05 10:00:00+00', '{"gift": true, "lines": ["to", "Bo"]}'),
  (102, 1, 'A-2', 2, 'desk', 'PAID', 259.50, '2026-01-06 11:30:00+00', null),
  (103, 2, 'A-1', 1, 'chair', 'OPEN', 0.10, '2026-02-01 00:00:00+00', '[]'),
  (9007199254740993, 2, 'B-7', 3, 'lamp', 'SENT', 12345678.90, '2026-02-02 23:59:59.123456+00', 'null');
insert into flags values (1, 'r1', 'spam', 2), (2, 'r1', 'rude', null), (3, 'r3', 'spam', 1);
insert into refunds values (1, 'p1', 500), (2, 'p1', 250), (3, 'p2', 10);
