-- Which process runs which modules, and where it can be called. Lapsed rows are ignored, then removed.
create table kernel.peer (
  instance_id uuid primary key,
  service text not null,
  modules text[] not null,
  url text not null,
  beat_at timestamptz not null
);
