// Runs the flow for a server, in a process of its own: a request as a line of JSON in, events and the result out.
// The workspace is a stranger's: its settings are read and not run, git and its own build never run here.

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { RunCommand } from '../build/command.ts';
import { findSource } from '../build/find-source.ts';
import { type FlowConfig, parseFlowConfig } from '../core/config.ts';
import { releaseManifestName } from '../core/layout.ts';
import type { FlowContext, StepId } from '../core/step.ts';
import { readHistory } from '../deploy/history.ts';
import { parseManifest } from '../deploy/manifest.ts';
import { asFlowFault } from '../pipeline/as-fault.ts';
import { runPipeline } from '../pipeline/pipeline.ts';
import { faultReports } from '../pipeline/report.ts';
import { createFlowSteps } from '../pipeline/steps.ts';
import { diffReleases, listReleases, rollbackRelease } from '../releases/releases.ts';
import type { CommandAnswer, WorkspaceMessage, WorkspaceRequest, WorkspaceResult } from './protocol.ts';
import { findRootAddresses, keepRootAddresses } from './root-addresses.ts';
import { readStaticConfig } from './static-config.ts';

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const send = (message: WorkspaceMessage) => process.stdout.write(`${JSON.stringify(message)}\n`);
const signal = new AbortController().signal;
const now = () => new Date();

async function nextLine<T>(): Promise<T> {
  const { value, done } = await lines.next();
  if (done === true) throw new Error('the caller has gone');
  return JSON.parse(value) as T;
}

/** The project's settings without what would reach beyond its folder: targets, keys, caches, checks of live sites. */
function settingsOf(request: WorkspaceRequest): FlowConfig {
  const isBuild = request.kind === 'build';
  const config = isBuild ? readStaticConfig(request.sourceDir) : parseFlowConfig({});
  const { deploy } = parseFlowConfig({
    deploy: { keepReleases: 5, targets: [{ kind: 'local', name: 'site', path: request.liveDir }] },
  });
  return { ...config, deploy, metadata: { ...config.metadata, signature: undefined } };
}

function environmentOf(request: WorkspaceRequest): Record<string, string> {
  const { commitSeconds } = request;
  return commitSeconds === undefined ? {} : { SOURCE_DATE_EPOCH: String(commitSeconds) };
}

async function runSteps(request: WorkspaceRequest, steps: readonly StepId[]): Promise<WorkspaceResult> {
  const config = settingsOf(request);
  const runCommand: RunCommand = async (command, { variables }) => {
    const choice = findSource(request.sourceDir, config.build);
    send({ kind: 'command', command, output: choice.kind === 'command' ? choice.output : 'dist', variables });
    return nextLine<CommandAnswer>();
  };
  const { report, fault } = await runPipeline(
    {
      rootDir: request.sourceDir,
      outDir: request.releaseDir,
      config,
      environment: 'prod',
      dryRun: false,
      steps,
      env: environmentOf(request),
      signal,
      report: (event) => send({ kind: 'event', event }),
      now,
    },
    createFlowSteps({ useGit: false, runCommand }),
  );
  if (fault !== null) throw Object.assign(fault, { report });
  if (request.kind === 'build') await keepForPreview(request);
  return { kind: 'report', report };
}

async function keepForPreview({ releaseDir, previewDir }: WorkspaceRequest): Promise<void> {
  const manifest = parseManifest(
    await readFile(path.join(releaseDir, releaseManifestName), 'utf8'),
    releaseManifestName,
  );
  keepRootAddresses(previewDir, manifest.id, await findRootAddresses(releaseDir));
}

function contextOf(request: WorkspaceRequest): FlowContext {
  return {
    rootDir: request.sourceDir,
    workDir: path.join(request.sourceDir, '.flow'),
    outDir: request.releaseDir,
    releaseDir: request.releaseDir,
    config: settingsOf(request),
    environment: 'prod',
    dryRun: false,
    env: {},
    log: { info: () => undefined, warn: () => undefined, advance: () => undefined },
    signal,
    now,
  };
}

async function perform(request: WorkspaceRequest): Promise<WorkspaceResult> {
  switch (request.kind) {
    case 'build':
      return runSteps(request, request.steps);
    case 'deploy':
      return runSteps(request, ['deploy']);
    case 'state': {
      const context = contextOf(request);
      const history = await readHistory(context.workDir);
      return { kind: 'state', targets: await listReleases(context), history: history.slice(0, 50) };
    }
    case 'diff': {
      const { before, after } = request;
      const wish = { ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) };
      return { kind: 'diff', diff: await diffReleases(contextOf(request), wish) };
    }
    case 'rollback': {
      const [first] = await rollbackRelease(contextOf(request), request.releaseId);
      return { kind: 'rollback', releaseId: first?.outcome.releaseId ?? request.releaseId };
    }
  }
}

try {
  send({ kind: 'done', result: await perform(await nextLine<WorkspaceRequest>()) });
} catch (error) {
  const fault = asFlowFault(error, signal);
  const [first = { code: fault.code, text: fault.text, fix: fault.fix }] = faultReports(fault);
  const report = 'report' in fault ? (fault.report as never) : undefined;
  send({ kind: 'fault', fault: first, ...(report === undefined ? {} : { report }) });
}
process.stdin.destroy();
