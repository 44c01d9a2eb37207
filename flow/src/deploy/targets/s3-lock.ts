import { randomBytes } from 'node:crypto';
import os from 'node:os';
import { FlowFault } from '../../core/fault.ts';
import type { S3Client } from './s3-client.ts';

const LOCK = '.flow/lock.json';
/** A lock that was not renewed for so long belongs to a dead deploy. */
const LIFETIME_MS = 120_000;
const RENEWAL_MS = 30_000;

type Owner = { id: string; host: string; expiresAt: string };

/**
 * Holds `.flow/lock.json` by conditional writes (If-None-Match, If-Match), renewed while `work` runs. A killed deploy's
 * lock lapses after two minutes and is then taken over by exactly one successor, since the write names the ETag it replaces.
 * @throws deploy.locked
 */
export async function withS3Lock<T>(
  client: S3Client,
  place: { bucket: string; now: () => Date },
  work: () => Promise<T>,
): Promise<T> {
  const owner = { id: randomBytes(12).toString('hex'), host: os.hostname() };
  const content = () =>
    JSON.stringify({ ...owner, expiresAt: new Date(place.now().getTime() + LIFETIME_MS).toISOString() });
  if (!(await client.putIfAbsent(LOCK, content()))) await takeOver(client, place, content());
  const renewal = setInterval(() => {
    // A renewal that fails is no reason to stop: the lock holds for three more of them.
    void renew(client, owner.id, content()).catch(() => undefined);
  }, RENEWAL_MS);
  try {
    return await work();
  } finally {
    clearInterval(renewal);
    const current = await client.get(LOCK);
    if (current && (JSON.parse(current.text) as Owner).id === owner.id) await client.remove(LOCK);
  }
}

async function takeOver(
  client: S3Client,
  place: { bucket: string; now: () => Date },
  content: string,
): Promise<void> {
  const current = await client.get(LOCK);
  if (current === null) {
    if (await client.putIfAbsent(LOCK, content)) return;
    throw lockedFault(place.bucket, '?');
  }
  const owner = JSON.parse(current.text) as Owner;
  const lapsed = Date.parse(owner.expiresAt) < place.now().getTime();
  if (lapsed && (await client.putIfMatch(LOCK, content, current.etag))) return;
  throw lockedFault(place.bucket, `${owner.host}, ${owner.expiresAt}`);
}

async function renew(client: S3Client, id: string, content: string): Promise<void> {
  const current = await client.get(LOCK);
  if (current && (JSON.parse(current.text) as Owner).id === id)
    await client.putIfMatch(LOCK, content, current.etag);
}

function lockedFault(bucket: string, who: string): FlowFault {
  return new FlowFault('deploy.locked', {
    text: {
      en: `Another deploy to ${bucket} is running (host, lock ends: ${who}).`,
      de: `Ein anderer Deploy nach ${bucket} läuft (Rechner, Sperre endet: ${who}).`,
    },
    fix: {
      en: 'Wait for it to end; the lock of a killed deploy lapses after two minutes.',
      de: 'Auf sein Ende warten; die Sperre eines abgebrochenen Deploys verfällt nach zwei Minuten.',
    },
  });
}
