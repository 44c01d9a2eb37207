import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { listWorkspaceFolder } from '../entry.ts';
import { readWorkspaceFile } from '../read.ts';
import { unlimitedRoom, type Workspace } from '../workspace.ts';
import { writeWorkspaceFile } from '../write.ts';

export interface Fixture extends Workspace, Disposable {
  readonly base: string;
  readonly outside: string;
}

/** A workspace beside a folder with a secret, in one temporary folder. */
export function fixture(): Fixture {
  const base = fs.mkdtempSync(path.join(os.tmpdir(), 'cds-jail-'));
  const workspacePath = path.join(base, 'workspace');
  const stagingPath = path.join(base, 'staging');
  const outside = path.join(base, 'outside');
  for (const folder of [workspacePath, stagingPath, outside]) fs.mkdirSync(folder);
  fs.writeFileSync(path.join(outside, 'secret'), 'secret');
  return {
    base,
    workspacePath,
    stagingPath,
    outside,
    limits: { fileBytes: 1 << 20, depth: 8 },
    room: unlimitedRoom,
    [Symbol.dispose]() {
      fs.rmSync(base, { recursive: true, force: true });
    },
  };
}

export const limitBytes = 1 << 20;
export const read = async (workspace: Workspace, name: string) =>
  (await readWorkspaceFile(workspace, name, { limitBytes })).content.toString();
export const write = (workspace: Workspace, name: string, text: string) =>
  writeWorkspaceFile(workspace, name, { content: Buffer.from(text) });
export const list = async (workspace: Workspace, name = '') =>
  (await listWorkspaceFolder(workspace, name, { recursive: true, limit: 1000, skip: [] })).entries.map(
    (entry) => entry.path,
  );
