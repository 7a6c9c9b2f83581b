-- The posts of a user are far from each other, as they are where users write over time.
-- Nothing changes after this, so autovacuum would only disturb the figures.
DROP TABLE IF EXISTS posts, users;

CREATE TABLE users (
	id bigint PRIMARY KEY,
	name text NOT NULL,
	email text NOT NULL,
	created_at timestamptz NOT NULL
) WITH (autovacuum_enabled = off);

CREATE TABLE posts (
	id bigint PRIMARY KEY,
	author_id bigint NOT NULL REFERENCES users,
	editor_id bigint NOT NULL REFERENCES users,
	title text NOT NULL,
	likes integer NOT NULL,
	created_at timestamptz NOT NULL
) WITH (autovacuum_enabled = off);

INSERT INTO users
SELECT id, 'User ' || md5(id::text), 'user' || id || '@example.com', timestamptz '2020-01-01Z' + id * interval '1 minute'
FROM generate_series(bigint '1', 100000) AS id;

INSERT INTO posts
SELECT id, 1 + (id - 1) % 100000, 1 + id * 7919 % 100000, 'Post ' || id || ': ' || md5(id::text), (id * 31 % 1000)::integer,
	timestamptz '2021-01-01Z' + id * interval '1 minute'
FROM generate_series(bigint '1', 500000) AS id;

CREATE INDEX posts_author_id ON posts (author_id);
