-- The audit log: append-only, each row tied to the one before by SHA-256 (audit-chain.ts).
create table events.audit_entry (
  sequence bigint primary key,
  event_id uuid not null unique,
  event text not null,
  actor_id text,
  trace_id text,
  occurred_at timestamptz not null,
  recorded_at timestamptz not null,
  -- Canonical JSON as it was hashed.
  payload text not null,
  previous_hash bytea not null,
  hash bytea not null
);
create index audit_entry_event on events.audit_entry (event text_pattern_ops, sequence desc);
create index audit_entry_actor on events.audit_entry (actor_id, sequence desc) where actor_id is not null;
create index audit_entry_trace on events.audit_entry (trace_id) where trace_id is not null;
create index audit_entry_time on events.audit_entry (occurred_at);

-- Where the log ends. `signature` is made with a key that does not lie in the database.
create table events.audit_head (
  only_row boolean primary key default true check (only_row),
  sequence bigint not null,
  hash bytea not null,
  signature bytea not null
);

create function events.refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'the audit log only grows' using errcode = 'insufficient_privilege';
end
$$;

create trigger audit_entry_only_grows before update or delete on events.audit_entry
  for each row execute function events.refuse_change();
create trigger audit_entry_never_emptied before truncate on events.audit_entry
  for each statement execute function events.refuse_change();
create trigger audit_head_stays before delete on events.audit_head
  for each row execute function events.refuse_change();
create trigger audit_head_never_emptied before truncate on events.audit_head
  for each statement execute function events.refuse_change();
