-- Idempotent: `joinery dev` and docker compose apply every file at each start, also to a database of your own.
create table if not exists public.users (
    id         uuid primary key,
    name       text not null,
    auth0_id   text unique,
    created_at timestamptz not null default now()
);

-- A database of your own may have another table of this name.
do $$
begin
    perform id, name, auth0_id, created_at from public.users limit 0;
exception when undefined_column then
    raise exception 'table public.users is there already, and is not the example''s: %', sqlerrm using hint = 'give the example an empty database';
end $$;
