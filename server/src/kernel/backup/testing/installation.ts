import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { testDatabase } from '../../testing/database.ts';
import { createBackup } from '../create.ts';
import { restoreBackup } from '../restore.ts';

/** An installation in small: two tables that must agree, an append-only one, files with a link and a secret. */
export async function installation() {
  await using startup = new AsyncDisposableStack();
  const folder = mkdtempSync(path.join(tmpdir(), 'cds-backup-'));
  startup.defer(() => rmSync(folder, { recursive: true, force: true }));
  const migrations = path.join(folder, 'migrations');
  mkdirSync(migrations);
  writeFileSync(
    path.join(migrations, '0001_bank.sql'),
    `create table bank.entry (id bigint generated always as identity primary key, amount bigint not null,
       doubled bigint generated always as (amount * 2) stored, note text);
     create table bank.total (entry_id bigint primary key references bank.entry, amount bigint not null);
     create function bank.refuse() returns trigger language plpgsql as $$ begin raise exception 'append only'; end $$;
     create trigger entry_append_only before update or delete on bank.entry for each row execute function bank.refuse();`,
  );
  const dataDir = path.join(folder, 'data');
  mkdirSync(path.join(dataDir, 'projects', 'p1', 'workspace'), { recursive: true });
  mkdirSync(path.join(dataDir, 'secrets'), { recursive: true });
  mkdirSync(path.join(dataDir, 'logs'), { recursive: true });
  writeFileSync(path.join(dataDir, 'secrets', 'master.key'), 'k', { mode: 0o600 });
  writeFileSync(path.join(dataDir, 'projects', 'p1', 'workspace', 'ä b.sh'), '#!/bin/sh\n');
  chmodSync(path.join(dataDir, 'projects', 'p1', 'workspace', 'ä b.sh'), 0o755);
  symlinkSync('ä b.sh', path.join(dataDir, 'projects', 'p1', 'workspace', 'link'));
  writeFileSync(path.join(dataDir, 'logs', 'a.log'), 'not kept');
  const source = startup.use(await testDatabase());
  const modules = [{ name: 'bank', migrations: pathToFileURL(`${migrations}/`) }];
  await source.migrate(modules);
  const stack = startup.move();
  const target = path.join(folder, 'out', 'b.zip');
  return {
    source,
    dataDir,
    folder,
    modules,
    target,
    create: () =>
      createBackup({
        connectionString: source.connectionString,
        dataDir,
        target,
        platformVersion: '1',
        now: Date.now,
      }),
    /** Brings a backup, this one's own unless another is named, into an empty folder and database. */
    async restore(file = target): Promise<string> {
      await using fresh = await testDatabase();
      const restored = mkdtempSync(path.join(folder, 'restored-'));
      const { connectionString } = fresh;
      await restoreBackup({ file, connectionString, dataDir: restored, modules, force: false });
      return restored;
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
