import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { createSecrets } from '@cyberdevstudio/server/kernel/secrets.ts';
import { createLog } from '@cyberdevstudio/server/kernel/telemetry/log.ts';
import { testDatabase } from '@cyberdevstudio/server/kernel/testing/database.ts';
import { createAuditLog } from '@cyberdevstudio/server/modules/events/audit.ts';
import { createCheckpointStore } from '@cyberdevstudio/server/modules/events/checkpoint.ts';
import { events } from '@cyberdevstudio/server/modules/events/module.ts';
import type { Terminal } from '../terminal.ts';
import { run } from './audit.ts';

async function installation(language: 'en' | 'de') {
  const dataDir = mkdtempSync(path.join(tmpdir(), 'cds-audit-'));
  const db = await testDatabase();
  const lines: string[] = [];
  const terminal: Terminal = {
    environment: { CDS_DATA_DIR: dataDir, DATABASE_URL: db.connectionString },
    language,
    print: (text) => lines.push(text),
    printError: (text) => lines.push(text),
  };
  return {
    db,
    dataDir,
    verify: async (...options: string[]) => {
      lines.length = 0;
      const code = await run(['verify', ...options], terminal);
      return { code, text: lines.join('\n') };
    },
    run: (...argv: string[]) => run(argv, terminal),
    async [Symbol.asyncDispose]() {
      await db[Symbol.asyncDispose]();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** Three entries, written as the platform writes them. */
async function writeLog({ db, dataDir }: Awaited<ReturnType<typeof installation>>): Promise<void> {
  await db.migrate([events]);
  const key = createSecrets({ secretKey: undefined, dataDir })('audit-log');
  await using logging = createLog({
    service: 'test',
    level: 'silent',
    format: 'json',
    maxFileBytes: 4096,
    maxFiles: 1,
  });
  const audit = createAuditLog({
    database: db.database,
    checkpoint: createCheckpointStore({ folder: path.join(dataDir, 'events'), key }),
    key,
    now: Date.now,
    log: logging.log,
  });
  for (const id of ['a', 'b', 'c']) {
    await db.database.transaction((transaction) =>
      audit.append(
        {
          id: `00000000-0000-7000-8000-00000000000${id}`,
          name: 'user.registered',
          payload: { userId: id },
          occurredAtMs: Date.now(),
          traceId: null,
          actorId: null,
        },
        transaction,
      ),
    );
  }
  await audit.saveCheckpoint();
}

test('proves an untouched log, and names what was done to another', async () => {
  await using place = await installation('en');
  await writeLog(place);
  const good = await place.verify();
  assert.equal(good.code, 0);
  assert.match(good.text, /complete and unchanged: 3 entries, checkpoint at 3/);
  await place.db.database.execute({ text: 'alter table events.audit_entry disable trigger user' });
  await place.db.database.execute({
    text: `update events.audit_entry set actor_id = 'x' where sequence = 2`,
  });
  const bad = await place.verify();
  assert.equal(bad.code, 1);
  assert.match(bad.text, /NOT what was written[\s\S]* 2 {2}the entry was changed/);
  const data = JSON.parse((await place.verify('--json')).text);
  assert.deepEqual(data.problems, [{ sequence: 2, kind: 'changed' }]);
});

test('speaks German, knows a folder without a log, and says how it is called', async () => {
  await using place = await installation('de');
  assert.equal(await place.run(), 2);
  const none = await place.verify();
  assert.equal(none.code, 1);
  assert.match(none.text, /noch kein Audit-Protokoll/);
  await writeLog(place);
  assert.match((await place.verify()).text, /vollständig und unverändert: 3 Einträge/);
});
