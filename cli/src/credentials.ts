import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import type { Terminal } from './terminal.ts';

type Where = Pick<Terminal, 'environment'>;

export const defaultUrl = 'http://127.0.0.1:6711';

/** Address of the platform that commands speak with: CDS_URL, or this machine. */
export function platformUrl({ environment }: Where): string {
  return environment.CDS_URL || defaultUrl;
}

/** The key for the platform at CDS_URL: CDS_API_KEY, else what `cds login` keeps; undefined when there is none. */
export function apiKeyFor(where: Where): string | undefined {
  if (where.environment.CDS_API_KEY) return where.environment.CDS_API_KEY;
  const origin = new URL(platformUrl(where)).origin;
  const keys = readKeys(where);
  return Object.hasOwn(keys, origin) ? keys[origin] : undefined;
}

/** Keeps a key for that platform, readable by this user alone; null forgets it. */
export function keepApiKey(where: Where, key: string | null): void {
  const origin = new URL(platformUrl(where)).origin;
  const { [origin]: _before, ...others } = readKeys(where);
  const keys = key === null ? others : { ...others, [origin]: key };
  const file = keyFile(where);
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${process.pid}`;
  try {
    writeFileSync(draft, `${JSON.stringify(keys, null, 2)}\n`, { mode: 0o600 });
    chmodSync(draft, 0o600);
    renameSync(draft, file);
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Where the commands keep what belongs to this user (XDG Base Directory Specification). */
export function userFolder({ environment }: Where): string {
  const base = environment.XDG_CONFIG_HOME || path.join(environment.HOME || homedir(), '.config');
  return path.join(base, 'cyberdevstudio');
}

function keyFile(where: Where): string {
  return path.join(userFolder(where), 'api-keys.json');
}

function readKeys(where: Where): Record<string, string> {
  try {
    return JSON.parse(readFileSync(keyFile(where), 'utf8')) as Record<string, string>;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
}
