create schema if not exists llm;

-- How models on this machine are loaded. Kept when a model is unloaded and when its file is replaced.
create table llm.model_settings (
  model_id text primary key,
  context_size integer,
  threads integer,
  parallel integer,
  temperature double precision,
  pinned boolean not null,
  updated_at timestamptz not null default now()
);
