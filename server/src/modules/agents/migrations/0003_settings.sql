-- What the owners of a project decide for its tasks. No row: everything as it is from the start.
create table agents.project_setting (
  project_id uuid primary key,
  -- The model that may go on where a task's own does not manage; null is none.
  escalate_to text,
  changed_by text not null,
  changed_at timestamptz not null
);
