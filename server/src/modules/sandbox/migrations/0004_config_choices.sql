-- A configuration keeps how its program is started: with standard input open, and in a machine with the project's hosts.
alter table sandbox.run_config add column keep_input boolean not null default false;
alter table sandbox.run_config add column network boolean not null default false;
