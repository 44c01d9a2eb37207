create schema if not exists agents;

create table agents.task (
  task_id uuid primary key,
  project_id uuid not null,
  user_id text not null,
  -- Who dispatched it, as established at the edge: in whose name models and programs run. Holds no secret.
  principal json not null,
  agent text not null,
  task text not null,
  model text not null,
  files json not null,
  mode text not null,
  command json,
  priority integer not null,
  after_ids uuid[] not null,
  budget json not null,
  usage json not null,
  status text not null,
  change_state text not null,
  question text,
  -- What a waiting task goes on from.
  conversation json,
  summary text,
  problem json,
  findings json not null,
  -- How often it was begun; a stop of the server begins it again once.
  starts integer not null,
  runner text,
  lease_until timestamptz,
  seconds_used double precision not null,
  created_at timestamptz not null,
  started_at timestamptz,
  finished_at timestamptz
);

create index task_by_project on agents.task (project_id, task_id desc);
create index task_in_queue on agents.task (status) where status in ('pending', 'running', 'waiting_for_input');

create table agents.step (
  task_id uuid not null references agents.task on delete cascade,
  sequence integer not null,
  at timestamptz not null,
  kind text not null,
  data json not null,
  primary key (task_id, sequence)
);

-- What a task proposes. The hashes name contents in the project's area; null is no file.
create table agents.change (
  task_id uuid not null references agents.task on delete cascade,
  path text not null,
  base_hash text,
  after_hash text,
  executable boolean not null,
  primary key (task_id, path)
);

-- Each apply and rollback, written down before the first file is: a crash in between is finished at the next start.
create table agents.operation (
  operation_id uuid primary key,
  task_id uuid not null references agents.task on delete cascade,
  project_id uuid not null,
  user_id text not null,
  kind text not null check (kind in ('apply', 'rollback')),
  at timestamptz not null,
  finished boolean not null
);

create table agents.operation_file (
  operation_id uuid not null references agents.operation on delete cascade,
  path text not null,
  before_hash text,
  after_hash text,
  executable boolean not null,
  -- Set when a later operation took this one back.
  undone boolean not null,
  primary key (operation_id, path)
);
