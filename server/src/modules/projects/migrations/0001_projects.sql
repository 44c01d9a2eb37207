create table projects.project (
  id uuid primary key,
  name text not null,
  -- Whose storage quota the project counts against; one of its owners.
  owner_id text not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  deleted_at timestamptz,
  -- What the workspace holds, as last counted plus what was added since.
  used_bytes bigint not null default 0,
  used_files bigint not null default 0
);
create index project_owner on projects.project (owner_id);
create index project_deleted on projects.project (deleted_at) where deleted_at is not null;

create table projects.member (
  project_id uuid not null references projects.project on delete cascade,
  user_id text not null,
  role text not null check (role in ('viewer', 'editor', 'owner')),
  added_at timestamptz not null,
  primary key (project_id, user_id)
);
create index member_user on projects.member (user_id, project_id desc);

-- Contents that the file history refers to, each once per project. `etag` is the SHA-256 of the content.
create table projects.content (
  project_id uuid not null references projects.project on delete cascade,
  etag text not null,
  content bytea not null,
  primary key (project_id, etag)
);

create table projects.file_version (
  id bigint generated always as identity primary key,
  project_id uuid not null references projects.project on delete cascade,
  path text not null,
  etag text not null,
  size_bytes bigint not null,
  saved_at timestamptz not null,
  -- Null when the content was found, not saved: a program in the sandbox had written it.
  user_id text,
  origin text not null check (origin in ('save', 'revert', 'preserved')),
  -- Also what keeps a content from being collected while a save that refers to it commits.
  foreign key (project_id, etag) references projects.content
);
create index file_version_path on projects.file_version (project_id, path, id desc);
create index file_version_project on projects.file_version (project_id, id desc);
create index file_version_content on projects.file_version (project_id, etag);
