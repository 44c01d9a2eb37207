import path from 'node:path';
import type { Database } from '#kernel/database/database.ts';
import type { SecretSource } from '#kernel/secrets.ts';
import { verifyAuditLog } from './audit-verify.ts';
import { createCheckpointStore } from './checkpoint.ts';
import type { AuditReport } from './contract.ts';

/**
 * Verifies the audit log of an installation from outside of the platform, for `cds audit verify`. Null where the
 * platform has never been started.
 */
export async function verifyAuditOffline(installation: {
  database: Database;
  dataDir: string;
  secret: SecretSource;
}): Promise<AuditReport | null> {
  const { database, dataDir, secret } = installation;
  const [log] = await database.query<{ found: boolean }>({
    text: `select to_regclass('events.audit_entry') is not null as found`,
  });
  if (log?.found !== true) return null;
  const key = secret('audit-log');
  const checkpoint = createCheckpointStore({ folder: path.join(dataDir, 'events'), key });
  return verifyAuditLog({ database, checkpoint, key });
}
