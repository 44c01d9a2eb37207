import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import test from 'node:test';
import { unlimitedRoom, type Workspace } from '#kernel/files/workspace.ts';
import { eventually } from '#kernel/testing/eventually.ts';
import { packZip } from './archive/export-zip.ts';

function workspaceWith(fill: (folder: string) => void): Workspace & Disposable {
  const base = mkdtempSync(path.join(os.tmpdir(), 'cds-export-'));
  const workspacePath = path.join(base, 'workspace');
  mkdirSync(workspacePath);
  fill(workspacePath);
  return {
    workspacePath,
    stagingPath: path.join(base, 'staging'),
    limits: { fileBytes: 1 << 20, depth: 8 },
    room: unlimitedRoom,
    [Symbol.dispose]: () => rmSync(base, { recursive: true, force: true }),
  };
}

const begin = async (zip: Readable) => {
  const { promise, resolve } = Promise.withResolvers<void>();
  zip.once('readable', resolve);
  await promise;
  zip.read(1);
};

test('a folder with a name that zip files cannot hold is left out, and the export goes on', async () => {
  using workspace = workspaceWith((folder) => {
    mkdirSync(path.join(folder, '..\\..'));
    writeFileSync(path.join(folder, '..\\..', 'inside'), 'x');
    writeFileSync(path.join(folder, 'plain'), 'x');
    utimesSync(path.join(folder, 'plain'), -86_400, -86_400);
  });
  const zip = await buffer(await packZip(workspace, 'p'));
  assert.ok(zip.includes('p/plain'));
  assert.ok(!zip.includes('inside'));
});

test('a download that is broken off closes the file that was being packed', async () => {
  using workspace = workspaceWith((folder) =>
    writeFileSync(path.join(folder, 'large'), randomBytes(4 << 20)),
  );
  const large = path.join(workspace.workspacePath, 'large');
  const openFiles = () =>
    readdirSync('/proc/self/fd').filter((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`) === large;
      } catch {
        return false;
      }
    });
  const zip = await packZip(workspace, 'p');
  await begin(zip);
  assert.equal(openFiles().length, 1);
  zip.destroy();
  await eventually(() => assert.equal(openFiles().length, 0), 10_000);
});
