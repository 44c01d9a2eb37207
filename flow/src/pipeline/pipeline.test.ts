import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import { type FlowConfigInput, parseFlowConfig } from '../core/config.ts';
import { FlowFault } from '../core/fault.ts';
import type { StepEvent } from '../core/progress.ts';
import { type FlowContext, type FlowStep, type StepId, stepIds } from '../core/step.ts';
import { temporaryFolder } from '../testing/release.ts';
import { loadFlowConfig } from './load-config.ts';
import { type PipelineRequest, runPipeline } from './pipeline.ts';

/** Steps of a flow that writes one file, so that what the pipeline does around them is all there is to see. */
function steps(
  overrides: Partial<Record<StepId, (context: FlowContext) => Promise<void> | void>> = {},
): FlowStep[] {
  return stepIds.map((id) => ({
    id,
    title: { en: id, de: id },
    async run(context) {
      if (id === 'clean') await mkdir(context.releaseDir, { recursive: true });
      if (id === 'metadata') await writeFile(path.join(context.releaseDir, 'release.json'), '{}');
      await overrides[id]?.(context);
      const isShipping = id === 'deploy' || id === 'purge' || id === 'verify';
      return { outcome: context.dryRun && isShipping ? 'planned' : 'done', summary: { en: id, de: id } };
    },
  }));
}

async function world(t: TestContext, config: FlowConfigInput = {}) {
  const rootDir = await temporaryFolder(t);
  const events: StepEvent[] = [];
  const request: PipelineRequest = {
    rootDir,
    config: parseFlowConfig(config),
    environment: 'prod',
    dryRun: false,
    steps: stepIds,
    env: {},
    signal: new AbortController().signal,
    report: (event) => events.push(event),
    now: () => new Date(Date.UTC(2026, 0, 1)),
  };
  return { rootDir, request, events };
}

const making: readonly StepId[] = ['clean', 'build', 'hash', 'worker', 'metadata'];

test('all eight steps run in order, each with its place among eight, and the report says so', async (t) => {
  const { request, events, rootDir } = await world(t);
  const { report, fault } = await runPipeline(request, steps());
  assert.equal(fault, null);
  assert.equal(report.outcome, 'done');
  assert.deepEqual(
    report.steps.map((one) => [one.position, one.step, one.outcome]),
    stepIds.map((id, index) => [index + 1, id, 'done']),
  );
  const started = events.flatMap((event) =>
    event.kind === 'started' ? [`${event.position}/${event.total}`] : [],
  );
  assert.deepEqual(started, ['1/8', '2/8', '3/8', '4/8', '5/8', '6/8', '7/8', '8/8']);
  assert.deepEqual(await readdir(path.join(rootDir, '.flow/release')), ['release.json']);
  assert.deepEqual((await readdir(path.join(rootDir, '.flow'))).sort(), ['.gitignore', 'release']);
});

test('from step 6 on the release lies in its final folder', async (t) => {
  const { request, rootDir } = await world(t);
  const seen: string[] = [];
  const look = (context: FlowContext) => void seen.push(path.relative(rootDir, context.releaseDir));
  await runPipeline(request, steps({ hash: look, deploy: look, verify: look }));
  assert.deepEqual(seen, ['.flow/building/release', '.flow/release', '.flow/release']);
});

test('a step that fails ends the run; the release before stays and nothing is deployed', async (t) => {
  const { request, rootDir } = await world(t);
  await runPipeline(
    request,
    steps({ metadata: (context) => writeFile(path.join(context.releaseDir, 'old.html'), 'old') }),
  );
  let deployed = false;
  const { report, fault } = await runPipeline(
    request,
    steps({
      hash: () => {
        throw new FlowFault('hash.unresolved', {
          text: { en: 'x', de: 'x' },
          fix: { en: 'y', de: 'y' },
          file: 'a.html',
          line: 3,
        });
      },
      deploy: () => {
        deployed = true;
      },
    }),
  );
  assert.equal(fault?.code, 'hash.unresolved');
  assert.equal(report.outcome, 'failed');
  assert.deepEqual(
    report.steps.map((one) => one.outcome),
    ['done', 'done', 'failed'],
  );
  assert.deepEqual(
    report.faults.map((one) => [one.code, one.file, one.line]),
    [['hash.unresolved', 'a.html', 3]],
  );
  assert.equal(deployed, false);
  assert.equal(await readFile(path.join(rootDir, '.flow/release/old.html'), 'utf8'), 'old');
});

test('a dry run builds in a temporary folder and leaves the site folder untouched', async (t) => {
  const { request, rootDir } = await world(t);
  const { report } = await runPipeline({ ...request, dryRun: true }, steps());
  assert.equal(report.outcome, 'planned');
  assert.equal(report.steps.at(-1)?.outcome, 'planned');
  assert.deepEqual(await readdir(rootDir), []);
});

test('two runs in one folder exclude each other', async (t) => {
  const { request } = await world(t);
  let inner: string | undefined;
  await runPipeline(
    request,
    steps({
      build: async () => {
        inner = (await runPipeline(request, steps())).fault?.code;
      },
    }),
  );
  assert.equal(inner, 'deploy.locked');
});

test('a folder that holds something else is never replaced, nor one that holds the site', async (t) => {
  const { request, rootDir } = await world(t);
  await mkdir(path.join(rootDir, 'mine'));
  await writeFile(path.join(rootDir, 'mine/diary.txt'), 'dear diary');
  for (const outDir of ['mine', '.', '..']) {
    const { fault } = await runPipeline({ ...request, outDir, steps: making }, steps());
    assert.equal(fault?.code, 'flow.out_folder_taken', outDir);
  }
  assert.equal(await readFile(path.join(rootDir, 'mine/diary.txt'), 'utf8'), 'dear diary');
});

test('a stop from outside ends the run between two steps and says so', async (t) => {
  const { request, rootDir } = await world(t);
  const controller = new AbortController();
  const { fault } = await runPipeline(
    { ...request, signal: controller.signal },
    steps({ hash: () => controller.abort() }),
  );
  assert.equal(fault?.code, 'flow.aborted');
  assert.deepEqual(await readdir(path.join(rootDir, '.flow')), ['.gitignore']);
});

test('a full disk is a fault with a reason, an unexpected error one that asks for a report', async (t) => {
  const { request } = await world(t);
  const full = Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC', path: '/x' });
  const one = await runPipeline(
    request,
    steps({
      build: () => {
        throw full;
      },
    }),
  );
  assert.equal(one.fault?.code, 'flow.system');
  const two = await runPipeline(
    request,
    steps({
      build: () => {
        throw new Error('boom');
      },
    }),
  );
  assert.equal(two.fault?.code, 'flow.internal');
});

test('a site with a target but without an address is refused before the first step', async (t) => {
  const { request, events } = await world(t, { deploy: { targets: [{ kind: 'local', path: 'www' }] } });
  const { fault } = await runPipeline(request, steps());
  assert.equal(fault?.code, 'flow.url_missing');
  assert.deepEqual(events, []);
});

test('where nothing was deployed, nothing is purged or called verified', async (t) => {
  const { request } = await world(t);
  const all = steps().map(
    (step): FlowStep =>
      step.id === 'deploy'
        ? { ...step, run: async () => ({ outcome: 'skipped', summary: { en: 'none', de: 'keins' } }) }
        : step,
  );
  const { report } = await runPipeline(request, all);
  assert.deepEqual(
    report.steps.slice(5).map((one) => one.outcome),
    ['skipped', 'skipped', 'skipped'],
  );
});

test('flow.config.ts is read as it is, anew after a change, and a mistake names the setting', async (t) => {
  const rootDir = await temporaryFolder(t);
  assert.equal((await loadFlowConfig(rootDir)).site.language, 'en');
  const file = path.join(rootDir, 'flow.config.ts');
  await writeFile(file, "export default { site: { language: 'de' as string } };");
  assert.equal((await loadFlowConfig(rootDir)).site.language, 'de');
  await writeFile(file, 'export default { site: { languge: 1 } };   ');
  await assert.rejects(
    loadFlowConfig(rootDir),
    (error) =>
      error instanceof FlowFault &&
      error.code === 'flow.config_unknown_key' &&
      /site\.languge/.test(error.text.en),
  );
  await writeFile(file, 'export default { site: {  ');
  await assert.rejects(
    loadFlowConfig(rootDir),
    (error) => error instanceof FlowFault && error.code === 'flow.config_unreadable',
  );
  await assert.rejects(
    loadFlowConfig(path.join(rootDir, 'none')),
    (error) => error instanceof FlowFault && error.code === 'flow.root_missing',
  );
});
