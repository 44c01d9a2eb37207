import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { createBlobs } from './blobs.ts';

test('collecting keeps what is named and what was just put, and a damaged content is not given out', async () => {
  const area = mkdtempSync(path.join(tmpdir(), 'cds-blobs-'));
  try {
    const blobs = createBlobs(area);
    const fileOf = (hash: string) => path.join(area, 'blobs', hash.slice(0, 2), hash);
    const hashes = await Promise.all(
      ['named', 'old', 'fresh', 'put again'].map((text) => blobs.put(Buffer.from(text))),
    );
    const [named = '', old = '', fresh = '', again = ''] = hashes;
    const longAgo = new Date('2020-01-01');
    for (const hash of [named, old, again]) utimesSync(fileOf(hash), longAgo, longAgo);
    assert.equal(await blobs.put(Buffer.from('put again')), again);
    await blobs.keepOnly(new Set([named]));
    for (const hash of [named, fresh, again]) assert.ok((await blobs.get(hash)).length > 0);
    await assert.rejects(blobs.get(old), /ENOENT/);
    writeFileSync(fileOf(named), 'changed');
    await assert.rejects(blobs.get(named), /damaged/);
  } finally {
    rmSync(area, { recursive: true, force: true });
  }
});
