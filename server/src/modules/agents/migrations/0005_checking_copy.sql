-- What is applied is checked in a copy of its own: the task's may be handed to the next task at the same time.
alter table agents.task add column checking_copy uuid;
