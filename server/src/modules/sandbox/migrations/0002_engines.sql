-- Runs of every engine stand in one history.
alter table sandbox.run add column engine text not null default 'run' check (engine in ('run', 'wasm', 'micro'));
alter table sandbox.run add column fuel_used bigint;
