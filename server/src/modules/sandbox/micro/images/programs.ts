import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fault } from '#base/fault.ts';
import { findProgram } from '../../engine/probe.ts';

/** Programs that build images, with the Debian package of each. */
const needed = [
  ['mmdebstrap', 'mmdebstrap'],
  ['mksquashfs', 'squashfs-tools'],
  ['dpkg-deb', 'dpkg'],
  ['apt-get', 'apt'],
  ['busybox', 'busybox-static'],
] as const;

/** Packages that lack for building images here. */
export function missingForBuilding(): string[] {
  return needed.filter(([program]) => findProgram(program) === null).map(([, packageName]) => packageName);
}

/** `unshare` needs no rights at all, but a range of ids for the account; mmdebstrap finds another way by itself. */
export function buildMode(): 'unshare' | 'auto' {
  const file = '/etc/subuid';
  const { username, uid } = userInfo();
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
  return lines.some((line) => line.startsWith(`${username}:`) || line.startsWith(`${uid}:`))
    ? 'unshare'
    : 'auto';
}

export interface ProgramCall {
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: Readable;
  readonly signal?: AbortSignal | undefined;
  readonly onLine?: ((line: string) => void) | undefined;
}

/** Runs a program to its end; its lines are handed on as they come. @throws sandbox.image_build_failed */
export async function runProgram({
  file,
  args,
  env = {},
  input,
  signal,
  onLine,
}: ProgramCall): Promise<void> {
  const { PATH = '/usr/sbin:/usr/bin:/sbin:/bin', HOME = '/' } = process.env;
  const child = spawn(file, [...args], {
    env: {
      PATH: `${PATH}:/usr/sbin:/sbin`,
      HOME,
      LC_ALL: 'C.UTF-8',
      DEBIAN_FRONTEND: 'noninteractive',
      ...env,
    },
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    ...(signal === undefined ? {} : { signal }),
  });
  const last: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    createInterface({ input: stream }).on('line', (line) => {
      last.push(line);
      if (last.length > 8) last.shift();
      onLine?.(line);
    });
  }
  if (input !== undefined && child.stdin !== null) {
    child.stdin.on('error', () => undefined);
    input.pipe(child.stdin);
  }
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0)
    throw fault('sandbox.image_build_failed', { program: file, reason: last.join(' / ').slice(-600) });
}
