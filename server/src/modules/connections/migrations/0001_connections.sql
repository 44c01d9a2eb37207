create schema if not exists connections;

create table connections.connection (
  connection_id uuid primary key,
  project_id uuid not null,
  name text not null,
  kind text not null check (kind in ('stdio', 'http', 'agent')),
  command text,
  args jsonb not null,
  url text,
  network boolean not null,
  timeout_ms integer not null,
  secret_names jsonb not null,
  -- The values, encrypted with a key derived from the installation's master key; the connection's id is authenticated too.
  sealed bytea,
  -- By the name of each approved tool: the hash of the description that was approved, and one line of it for lists.
  approved jsonb not null default '{}',
  created_by text not null,
  created_at timestamptz not null,
  unique (project_id, name)
);
