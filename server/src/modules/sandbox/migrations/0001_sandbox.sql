create schema if not exists sandbox;

-- Ended runs, the last few hundred of each project. json, not jsonb: it keeps every string that a program can be given.
create table sandbox.run (
  process_id uuid primary key,
  project_id uuid not null,
  user_id text not null,
  config_id uuid,
  command text not null,
  args json not null,
  started_at timestamptz not null,
  exit_code integer,
  signal text,
  killed_by text,
  duration_ms double precision not null,
  cpu_ms double precision not null,
  peak_memory_bytes bigint not null,
  peak_processes integer not null,
  output_bytes bigint not null,
  limits json not null
);

-- Ids are made in the order of time, so they also page.
create index run_by_project on sandbox.run (project_id, process_id desc);

create table sandbox.run_config (
  config_id uuid primary key,
  project_id uuid not null,
  name text not null,
  command text not null,
  args json not null,
  env json not null,
  cwd text not null,
  timeout_ms integer,
  limits json not null,
  updated_at timestamptz not null,
  unique (project_id, name)
);

-- A project without a row has no network.
create table sandbox.network_policy (
  project_id uuid primary key,
  mode text not null check (mode in ('off', 'allowList')),
  hosts json not null,
  updated_by text not null,
  updated_at timestamptz not null
);
