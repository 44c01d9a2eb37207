import { randomBytes } from 'node:crypto';
import { link, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { FlowFault } from '../core/fault.ts';

/** A takeover lasts milliseconds; what is older was left by a crash. */
const TAKEOVER_MOST_MS = 30_000;

type Owner = { processId: number; startedAt: string; host: string; since: string };

/**
 * Holds a lock file while `work` runs, so that two deploys to one place never mix.
 * The lock of a killed process is taken over (its id is gone, or belongs to a process that started later); one of
 * another machine never is, since nobody here can know whether it still runs.
 * @throws deploy.locked
 */
export async function withFileLock<T>(file: string, now: () => Date, work: () => Promise<T>): Promise<T> {
  await mkdir(path.dirname(file), { recursive: true });
  const candidate = `${file}.${randomBytes(6).toString('hex')}`;
  const owner: Owner = {
    processId: process.pid,
    startedAt: await processStart(process.pid),
    host: os.hostname(),
    since: now().toISOString(),
  };
  await writeFile(candidate, JSON.stringify(owner), { flag: 'wx' });
  try {
    await acquire(file, candidate, now);
    try {
      return await work();
    } finally {
      await rm(file, { force: true });
    }
  } finally {
    await rm(candidate, { force: true });
  }
}

async function acquire(file: string, candidate: string, now: () => Date): Promise<void> {
  // link() fails when the name exists, and the content is complete the moment the name does.
  if (await tryLink(candidate, file)) return;
  if (await removeDeadLock(file, now)) {
    if (await tryLink(candidate, file)) return;
  }
  throw lockedFault(file, await readOwner(file));
}

async function tryLink(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false;
    throw error;
  }
}

/**
 * Only the holder of the takeover guard may remove a dead lock; so between its look and its unlink nobody else can have
 * put a living one there.
 */
async function removeDeadLock(file: string, now: () => Date): Promise<boolean> {
  const guard = `${file}.takeover`;
  try {
    await writeFile(guard, '', { flag: 'wx' });
  } catch (error) {
    if (!isCode(error, 'EEXIST')) throw error;
    const status = await stat(guard).catch(() => null);
    if (status && now().getTime() - status.mtimeMs > TAKEOVER_MOST_MS) await rm(guard, { force: true });
    return false;
  }
  try {
    const owner = await readOwner(file);
    if (owner === null) return true;
    if (!(await isDead(owner))) return false;
    await rm(file, { force: true });
    return true;
  } finally {
    await rm(guard, { force: true });
  }
}

async function readOwner(file: string): Promise<Owner | null> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Owner;
  } catch (error) {
    if (isCode(error, 'ENOENT')) return null;
    return { processId: 0, startedAt: '', host: '?', since: '?' };
  }
}

async function isDead(owner: Owner): Promise<boolean> {
  if (owner.host !== os.hostname()) return false;
  try {
    process.kill(owner.processId, 0);
  } catch (error) {
    return isCode(error, 'ESRCH');
  }
  const startedAt = await processStart(owner.processId);
  return (
    startedAt === 'zombie' || (startedAt !== '' && owner.startedAt !== '' && startedAt !== owner.startedAt)
  );
}

/** The start time in clock ticks since boot (field 22 of /proc/PID/stat, proc(5)); empty where there is no /proc. */
async function processStart(processId: number): Promise<string> {
  const text = await readFile(`/proc/${processId}/stat`, 'utf8').catch(() => '');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' ? 'zombie' : (fields[19] ?? '');
}

function lockedFault(file: string, owner: Owner | null): FlowFault {
  const who = owner ? `${owner.host}, ${owner.processId}, ${owner.since}` : '?';
  return new FlowFault('deploy.locked', {
    text: {
      en: `Another deploy to this place is running (host, process, since: ${who}).`,
      de: `Ein anderer Deploy an diesen Ort läuft (Rechner, Prozess, seit: ${who}).`,
    },
    fix: {
      en: `Wait for it to end. If that machine is gone for good, remove ${file}.`,
      de: `Auf sein Ende warten. Ist jener Rechner endgültig weg, ${file} entfernen.`,
    },
  });
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
