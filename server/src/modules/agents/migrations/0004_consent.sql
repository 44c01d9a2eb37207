alter table agents.task
  -- What a waiting task asks leave for; its own column, as only an answer of its user may take it away.
  add column consent json,
  -- Until when: then it counts as refused.
  add column consent_until timestamptz;
create index task_waits_for_consent on agents.task (consent_until) where consent_until is not null;
