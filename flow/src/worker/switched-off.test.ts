import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import { writeAssetList } from '../core/assets.ts';
import { releaseManifestName } from '../core/layout.ts';
import { flowContext } from '../testing/context.ts';
import { temporaryFolder } from '../testing/release.ts';
import { workerStep } from './worker.ts';

/** Runs the step with the worker switched off, in a folder whose last release had what `worker` says. */
async function switchedOff(t: TestContext, worker: object | null) {
  const root = await temporaryFolder(t);
  const outDir = path.join(root, 'release');
  const context = flowContext(root, { worker: { mode: 'off' } }, { outDir });
  await mkdir(outDir);
  await writeFile(
    path.join(outDir, releaseManifestName),
    JSON.stringify({
      formatVersion: 1,
      id: 'one',
      label: 'one',
      version: null,
      commit: null,
      dirty: false,
      committedAt: null,
      contentHash: '0'.repeat(64),
      siteUrl: null,
      worker,
      files: [],
    }),
  );
  await mkdir(context.releaseDir, { recursive: true });
  await writeAssetList(context.releaseDir, { files: [], hasManifest: true, pagesWithBase: [], worker: null });
  return { result: await workerStep.run(context), codes: context.warnings.map((one) => one.code) };
}

test('a worker that is switched off after a release had one is warned of, with the way to remove it', async (t) => {
  const { result, codes } = await switchedOff(t, {
    path: 'sw.js',
    version: '0123456789abcdef',
    kind: 'worker',
  });
  assert.equal(result.outcome, 'skipped');
  assert.deepEqual(codes, ['worker.left_behind']);
  assert.match(result.summary.en, /mode 'kill'/);
});

test('no warning when no release had a worker, or the last one removed it', async (t) => {
  assert.deepEqual((await switchedOff(t, null)).codes, []);
  const killed = { path: 'sw.js', version: '0123456789abcdef', kind: 'kill-switch' };
  assert.deepEqual((await switchedOff(t, killed)).codes, []);
});
