-- citext lies outside the search path, as it may at a user's.
create schema ext;
create extension citext schema ext;
create schema blog;
create type blog.mood as enum ('sad', 'ok', 'happy', 'Angry');
create domain public.price as numeric(12, 2);
create table public.levels (value text primary key, comment text);
insert into public.levels values ('low', null), ('mid', ''), ('high', 'above all');

create table public.users (
  id bigint primary key,
  name text,
  handle ext.citext unique,
  mood blog.mood,
  balance numeric,
  rating double precision,
  joined timestamptz,
  manager_id bigint references public.users,
  active boolean,
  doc jsonb,
  tags text[],
  level text references public.levels
);
create table blog.posts (
  id int primary key,
  user_id bigint references public.users,
  title text not null,
  "Weird ""col" varchar(40),
  mood blog.mood,
  score public.price,
  views bigint,
  published timestamptz,
  day date,
  doc jsonb,
  tags text[] not null
);
-- Not a foreign key, so that there are comments without a post or an author.
create table public.comments (
  id uuid primary key,
  post_id int,
  author_id bigint,
  parent_id uuid references public.comments,
  body text not null,
  at timestamptz,
  likes int
);
create table public.tags (name ext.citext primary key, about text);
create table public.taggings (
  post_id int references blog.posts,
  tag ext.citext references public.tags,
  place int not null,
  day date,
  primary key (post_id, tag)
);
create table public.editions (
  post_id int references blog.posts,
  lang text,
  title text,
  price numeric,
  primary key (post_id, lang)
);
create table public.notes (id int primary key, post_id int, lang text, body text, weight real);
create view blog.stats as
  select user_id, count(*)::int as posts, max(score) as top, min(published) as first from blog.posts where user_id is not null group by user_id;

create function blog.headline(post blog.posts) returns text stable
  language sql as $$ select post.title || ': ' || coalesce(post.views::text, 'none') $$;
create function blog.headline(u public.users) returns numeric stable language sql as $$ select -u.balance $$;
