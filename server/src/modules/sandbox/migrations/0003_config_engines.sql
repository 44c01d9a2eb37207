-- A configuration says which wall its program runs behind, and whether it sees the project's files there.
alter table sandbox.run_config add column engine text not null default 'run' check (engine in ('run', 'wasm', 'micro'));
alter table sandbox.run_config add column files text not null default 'none' check (files in ('none', 'read', 'write'));
