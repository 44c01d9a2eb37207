create schema if not exists search;

-- What stands at each path now. A content that stands at several paths, or on several branches, is kept once.
create table search.file (
  project_id uuid not null,
  path text not null,
  content_hash bytea not null,
  size_bytes bigint not null,
  modified_ms double precision not null,
  primary key (project_id, path)
);

create index file_by_content on search.file (project_id, content_hash);

-- Contents that have been cut into chunks; those at no path any more stay a while, for switching branches back.
create table search.content (
  project_id uuid not null,
  content_hash bytea not null,
  used_at timestamptz not null,
  primary key (project_id, content_hash)
);

create table search.chunk (
  chunk_id bigint generated always as identity primary key,
  project_id uuid not null,
  content_hash bytea not null,
  start_line integer not null,
  end_line integer not null,
  symbol text,
  -- Distinct words, and how often each occurs, in the same order.
  terms text[] not null,
  frequencies integer[] not null,
  term_count integer not null,
  foreign key (project_id, content_hash) references search.content on delete cascade
);

create index chunk_by_content on search.chunk (project_id, content_hash);
create index chunk_by_term on search.chunk using gin (terms);

create table search.embedding (
  chunk_id bigint not null references search.chunk on delete cascade,
  model text not null,
  vector real[] not null,
  primary key (chunk_id, model)
);
