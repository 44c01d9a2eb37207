import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import { ownSettings } from './own-settings.ts';

function folderFor(t: TestContext): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'cds-settings-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return path.join(folder, 'settings');
}

test('settings of sandboxes name no person of the host, and hold nothing that only root may read', (t) => {
  const settings = ownSettings(folderFor(t));
  assert.match(readFileSync(path.join(settings, 'passwd'), 'utf8'), /^user:x:1000:/);
  for (const name of ['shadow', 'sudoers', 'machine-id', 'ssh']) {
    assert.equal(existsSync(path.join(settings, name)), false, name);
  }
});

test('settings that did not change are not made again', (t) => {
  const folder = folderFor(t);
  const first = ownSettings(folder);
  const made = statSync(path.join(first, 'passwd')).ino;
  assert.equal(ownSettings(folder), first);
  assert.equal(statSync(path.join(first, 'passwd')).ino, made);
});

test('a process that died while making them leaves nothing that is used or stays', (t) => {
  const folder = folderFor(t);
  const old = new Date(Date.now() - 3_600_000);
  const left = ['new-a', 'new-b', 'new-c', 'new-d'].map((name) => path.join(folder, name));
  for (const draft of left) {
    mkdirSync(draft, { recursive: true });
    utimesSync(draft, old, old);
  }
  const settings = ownSettings(folder);
  assert.ok(existsSync(path.join(settings, 'passwd')));
  assert.equal(readdirSync(folder).length, 3);
});
