import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { type FileRole, hashedNamePattern, type ReleaseFile, type ReleaseManifest } from '../core/layout.ts';
import type { StepWarning } from '../core/progress.ts';
import type { TargetDependencies } from '../deploy/target.ts';

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  json: 'application/json; charset=utf-8',
};

/** A temporary folder that is gone when the test ends. */
export async function temporaryFolder(t: TestContext): Promise<string> {
  const dir = await mkdtemp(path.join(os.tmpdir(), 'cds-flow-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

/** Writes a finished release folder as step 5 leaves it; roles come from names, and what is in `keep/` was never hashed. */
export async function writeRelease(
  dir: string,
  release: { id: string; files: Readonly<Record<string, string | Buffer>>; siteUrl?: string },
): Promise<ReleaseManifest> {
  const files: ReleaseFile[] = [];
  const buildInfo = JSON.stringify({ id: release.id, label: `label ${release.id}` });
  for (const [name, content] of Object.entries({ ...release.files, 'build.json': buildInfo })) {
    const bytes = Buffer.from(content);
    await mkdir(path.dirname(path.join(dir, name)), { recursive: true });
    await writeFile(path.join(dir, name), bytes);
    files.push({
      path: name,
      sha256: createHash('sha256').update(bytes).digest('hex'),
      sizeBytes: bytes.length,
      role: roleOf(name),
      mime: MEDIA_TYPES[path.extname(name).slice(1)] ?? 'application/octet-stream',
    });
  }
  files.sort((a, b) => (a.path < b.path ? -1 : 1));
  const manifest: ReleaseManifest = {
    formatVersion: 1,
    id: release.id,
    label: `label ${release.id}`,
    version: '1.0.0',
    commit: null,
    dirty: false,
    committedAt: null,
    contentHash: createHash('sha256').update(JSON.stringify(files)).digest('hex'),
    siteUrl: release.siteUrl ?? null,
    worker: files.some((file) => file.path === 'sw.js')
      ? { path: 'sw.js', version: `v-${release.id}`, kind: 'worker' }
      : null,
    files,
  };
  await writeFile(path.join(dir, 'release.json'), `${JSON.stringify(manifest)}\n`);
  const sums = files.map((file) => `${file.sha256}  ${file.path}\n`).join('');
  await writeFile(path.join(dir, 'SHA256SUMS'), sums);
  return manifest;
}

function roleOf(name: string): FileRole {
  if (name === 'build.json') return 'metadata';
  if (name === 'sw.js') return 'worker';
  if (name.startsWith('_')) return 'config';
  if (name.endsWith('.html')) return 'html';
  if (name.startsWith('keep/')) return 'unhashed';
  return hashedNamePattern.test(name) ? 'hashed' : 'unhashed';
}

/** What a target gets in a test: a clock that ticks a second at each look, and a log that keeps its warnings. */
export function targetDependencies(
  rootDir: string,
  overrides: Partial<TargetDependencies> = {},
): TargetDependencies & { warnings: StepWarning[] } {
  let ticks = 0;
  const warnings: StepWarning[] = [];
  return {
    rootDir,
    workDir: path.join(rootDir, '.flow'),
    keepReleases: 3,
    env: {},
    log: { info: () => undefined, warn: (warning) => warnings.push(warning), advance: () => undefined },
    signal: new AbortController().signal,
    now: () => {
      ticks += 1;
      return new Date(Date.UTC(2026, 0, 1, 0, 0, ticks));
    },
    warnings,
    ...overrides,
  };
}
