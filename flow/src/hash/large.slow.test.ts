import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import path from 'node:path';
import test from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { readAssetList } from '../core/assets.ts';
import { createMetadataStep } from '../metadata/metadata.ts';
import { verifyRelease } from '../metadata/verify-release.ts';
import { flowContext } from '../testing/context.ts';
import { writeFiles } from '../testing/reference-site.ts';
import { temporaryFolder } from '../testing/release.ts';
import { hashStep } from './hash.ts';

const videoBytes = 200 * 1024 * 1024;

/** Bytes of buffers that something still holds: what waits for the garbage collector is not counted. */
function heldBufferBytes(): number {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  collect();
  return process.memoryUsage().arrayBuffers;
}

test('10,000 files and a video of 200 MB become a release, and the video is never read whole', async (t) => {
  const context = flowContext(await temporaryFolder(t), {});
  const count = 10_000;
  const files: Record<string, string> = {};
  for (let index = 0; index < count / 2; index += 1) {
    files[`pages/${index % 50}/${index}.html`] =
      `<!doctype html><html lang="en"><title>${index}</title><body><img src="../../img/${index}.svg" alt=""></body></html>`;
    files[`img/${index}.svg`] = `<svg xmlns="http://www.w3.org/2000/svg"><text>${index}</text></svg>`;
  }
  files['index.html'] = '<!doctype html><html lang="en"><body><video src="film.mp4"></video></body></html>';
  await writeFiles(context.releaseDir, files);
  const video = await open(path.join(context.releaseDir, 'film.mp4'), 'w');
  await video.truncate(videoBytes);
  await video.close();
  const before = heldBufferBytes();
  let most = before;
  const watch = setInterval(() => {
    most = Math.max(most, heldBufferBytes());
  }, 100);
  t.after(() => clearInterval(watch));
  await hashStep.run(context);
  clearInterval(watch);
  const list = await readAssetList(context.releaseDir);
  const film = list.files.find((file) => file.original === 'film.mp4');
  const digest = createHash('sha256');
  const zeros = Buffer.alloc(1024 * 1024);
  for (let at = 0; at < 200; at += 1) digest.update(zeros);
  assert.equal(film?.sha256, digest.digest('hex'));
  assert.ok(most - before < videoBytes / 2, `${most - before} bytes of buffers were held at once`);
  assert.equal(list.files.filter((file) => file.role === 'hashed').length, count / 2 + 1);
  await createMetadataStep().run(context);
  const verified = await verifyRelease({ dir: context.releaseDir, signal: context.signal });
  assert.ok(verified.files > count);
});
