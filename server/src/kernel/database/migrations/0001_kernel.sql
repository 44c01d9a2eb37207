-- What has been applied, by module and file. The schema and this table are made by migrate.ts itself, which has to
-- read them before the first file; this file is where later kernel tables begin.
comment on table kernel.migration is 'Applied migration files with their SHA-256';
