import { connectDatabase } from '#kernel/database/connect.ts';
import { createAccess } from '../access.ts';
import { projectsConfig } from '../config.ts';
import { createFileHistory } from '../file-history.ts';
import { createProjectFolders } from '../folders.ts';
import { createHistoryStore } from '../history-store.ts';
import { createProjectStore } from '../store.ts';
import { createUsage } from '../usage.ts';
import { createUsageStore } from '../usage-store.ts';

/**
 * A process that saves a file again and again, and tells each save that was acknowledged: what a test kills.
 * `node saver.ts <database address> <data folder> <project id> <user id>`
 */
const [connectionString = '', dataDir = '', projectId = '', userId = ''] = process.argv.slice(2);
const log = { warn: () => {} } as unknown as Parameters<typeof createUsage>[0]['log'];
const database = await connectDatabase({ connectionString, maxConnections: 4 });
const now = Date.now;
const config = projectsConfig.parse({});
const folders = createProjectFolders(dataDir);
const projects = createProjectStore(database);
const usage = createUsage({ store: createUsageStore(database), folders, config, now, log });
const access = createAccess({ store: projects, folders, usage, config, now });
const store = createHistoryStore(database);
const publish = async () => {};
const history = createFileHistory({ database, store, projects, access, config, publish, now });
const credential = { kind: 'session', sessionId: 's' } as const;
const caller = {
  user: { userId, username: 'saver', role: 'developer', credential } as const,
  traceId: '0'.repeat(32),
  signal: new AbortController().signal,
};
const filling = 'x'.repeat(50_000);
for (let count = 1; ; count += 1) {
  const content = Buffer.from(`${count}:${filling}`);
  const saved = await history.save(caller, projectId, { path: 'file.txt', content });
  process.stdout.write(`${count} ${saved.etag}\n`);
}
