create table llm.provider (
  name text primary key,
  kind text not null,
  base_url text not null,
  -- What is offered, with prices as decimal texts.
  models jsonb not null,
  enabled boolean not null,
  updated_at timestamptz not null
);

-- Keys of providers: AES-256-GCM with the place's name as associated data, so that a text fits its own row only.
create table llm.credential (
  name text primary key,
  sealed bytea not null,
  updated_at timestamptz not null
);

-- One row: which models serve which task.
create table llm.routing (
  singleton boolean primary key default true check (singleton),
  routes jsonb not null,
  updated_at timestamptz not null
);
