create table auth.users (
  id uuid primary key,
  username text not null,
  -- Lower case: names that differ by case alone are one name.
  username_key text not null unique,
  password_hash text not null,
  role text not null check (role in ('viewer', 'developer', 'admin')),
  created_at timestamptz not null,
  last_sign_in_at timestamptz,
  -- Starting balance that the ledger has not been told of yet; null when it has.
  opening_tokens bigint
);
create index users_admin on auth.users (id) where role = 'admin';
create index users_opening on auth.users (id) where opening_tokens is not null;

-- A session is a family of refresh tokens. Ending it deletes the row: its tokens, also the used ones, go with it.
create table auth.session (
  id uuid primary key,
  user_id uuid not null references auth.users (id) on delete cascade,
  created_at timestamptz not null,
  last_seen_at timestamptz not null,
  expires_at timestamptz not null,
  address text not null
);
create index session_of_user on auth.session (user_id, last_seen_at);
create index session_expiry on auth.session (expires_at);

-- Used tokens are kept as long as they would have lived: a second use gives the thief or the victim away.
create table auth.refresh_token (
  hash bytea primary key,
  session_id uuid not null references auth.session (id) on delete cascade,
  expires_at timestamptz not null,
  used_at timestamptz
);
create index refresh_token_session on auth.refresh_token (session_id);
create index refresh_token_expiry on auth.refresh_token (expires_at);

create table auth.api_key (
  id uuid primary key,
  user_id uuid not null references auth.users (id) on delete cascade,
  name text not null,
  prefix text not null,
  hash bytea not null unique,
  scopes text[],
  created_at timestamptz not null,
  expires_at timestamptz,
  last_used_at timestamptz
);
create index api_key_user on auth.api_key (user_id);

create table auth.invite (
  id uuid primary key,
  prefix text not null,
  hash bytea not null unique,
  role text not null check (role in ('viewer', 'developer', 'admin')),
  created_at timestamptz not null,
  expires_at timestamptz not null,
  uses_left integer not null check (uses_left >= 0)
);

-- Keys of access tokens. The private half is encrypted with the installation's key, the public one is published.
create table auth.signing_key (
  kid text primary key,
  public_key jsonb not null,
  private_key bytea not null,
  created_at timestamptz not null,
  -- Published before it signs, so that every reader of the published keys knows it by then.
  active_from timestamptz not null
);

-- Counts attempts per user name and per address, as keyed hashes: what people type by mistake may be a password.
create table auth.attempt (
  kind text not null,
  subject bytea not null,
  level double precision not null,
  updated_at timestamptz not null,
  blocked_until timestamptz,
  primary key (kind, subject)
);
create index attempt_age on auth.attempt (updated_at);
