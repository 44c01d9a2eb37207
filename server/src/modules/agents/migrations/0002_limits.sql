alter table agents.task
  -- Put aside for a model call under way: what a process that died during it may have spent.
  add column held json,
  add column escalate_to text,
  -- In which its user is asked.
  add column language text not null default 'en',
  -- When the files were copied, by the file system's clock: what was changed later was not seen by the agent.
  add column copied_at timestamptz,
  -- A copy of the task is being checked before it is applied; it must not be tidied away until then.
  add column checking_until timestamptz;

-- Which paths a task has to do with: named by its user, or written by the agent.
create table agents.path_lease (
  project_id uuid not null,
  path text not null,
  task_id uuid not null references agents.task on delete cascade,
  named boolean not null,
  primary key (project_id, path, task_id)
);
create index path_lease_by_task on agents.path_lease (task_id);

-- The log only grows: nothing in the platform changes a step, and nothing shall.
create function agents.refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'the log of a task only grows';
end
$$;
create trigger step_only_grows before update on agents.step for each row execute function agents.refuse_change();
