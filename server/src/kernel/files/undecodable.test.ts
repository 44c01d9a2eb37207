import assert from 'node:assert/strict';
import fs from 'node:fs';
import test from 'node:test';
import { deleteWorkspacePath } from './change.ts';
import { measureTree } from './measure.ts';
import { fixture, list } from './testing/workspace-fixture.ts';

/** A name that no text can spell: not UTF-8, as old archives and programs bring it. */
function strangeName(folder: string): Buffer {
  return Buffer.concat([Buffer.from(`${folder}/gr`), Buffer.from([0xfc]), Buffer.from('n')]);
}

test('a folder with a name that is not UTF-8 in it can be deleted, and the server goes on', async () => {
  using workspace = fixture();
  fs.mkdirSync(`${workspace.workspacePath}/folder`);
  fs.mkdirSync(strangeName(`${workspace.workspacePath}/folder`));
  fs.writeFileSync(
    Buffer.concat([strangeName(`${workspace.workspacePath}/folder`), Buffer.from('/in')]),
    'x',
  );
  assert.equal(await deleteWorkspacePath(workspace, 'folder', { recursive: true }), 3);
  assert.deepEqual(fs.readdirSync(workspace.workspacePath), []);
  assert.deepEqual(fs.readdirSync(workspace.stagingPath), []);
});

test('a file whose name is not UTF-8 counts in the quota, although no path leads to it', async () => {
  using workspace = fixture();
  fs.mkdirSync(strangeName(workspace.workspacePath));
  fs.writeFileSync(Buffer.concat([strangeName(workspace.workspacePath), Buffer.from('/in')]), '12345');
  fs.writeFileSync(`${workspace.workspacePath}/plain\ufffd`, '1');
  assert.deepEqual(await measureTree(workspace.workspacePath), { bytes: 6, files: 3 });
  assert.deepEqual(await list(workspace), ['plain\ufffd']);
});
