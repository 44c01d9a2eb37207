import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { assetListFile } from '../core/assets.ts';
import type { FlowConfig } from '../core/config.ts';
import type { FlowFault } from '../core/fault.ts';
import type { Reporter, StepWarning } from '../core/progress.ts';
import { createReleaseContent, type ReleaseContent } from '../core/release-content.ts';
import {
  type Environment,
  type FlowContext,
  type FlowStep,
  type StepId,
  type StepResult,
  stepIds,
} from '../core/step.ts';
import { withFileLock } from '../deploy/lock.ts';
import { asFlowFault } from './as-fault.ts';
import { checkOutFolder, replaceFolder } from './out-folder.ts';
import { checkBeforeDeploy } from './preflight.ts';
import { type FlowReport, faultReports, type StepReport } from './report.ts';
import { createFlowSteps } from './steps.ts';

export interface PipelineRequest {
  /** Absolute path of the site's folder. */
  readonly rootDir: string;
  /** Where the release goes; `.flow/release` when not given. */
  readonly outDir?: string;
  readonly config: FlowConfig;
  readonly environment: Environment;
  readonly dryRun: boolean;
  /** The steps to run, in any order; they run in theirs. */
  readonly steps: readonly StepId[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  readonly report: Reporter;
  now(): Date;
}

export interface PipelineOutcome {
  readonly report: FlowReport;
  /** Why the run stopped; null when it didn't. */
  readonly fault: FlowFault | null;
}

/** The steps that make the release; they work in a folder of their own until the last of them is done. */
const makingSteps: ReadonlySet<StepId> = new Set(['clean', 'build', 'hash', 'worker', 'metadata']);

/**
 * Runs steps of the flow, one after the other, and stops at the first that fails. Never rejects: the outcome says what
 * happened. The release before stays in `outDir` until the new one is complete, and nothing live is touched before that.
 * Two runs in one site folder exclude each other; a dry run changes nothing outside a temporary folder.
 */
export async function runPipeline(
  request: PipelineRequest,
  steps: readonly FlowStep[] = createFlowSteps(),
): Promise<PipelineOutcome> {
  const startedAt = request.now();
  const done: StepReport[] = [];
  const outDir = outDirOf(request);
  let fault: FlowFault | null = null;
  try {
    await checkOutFolder(request.rootDir, outDir);
    if (request.dryRun) await runDry(request, steps, done);
    else {
      const workDir = path.join(request.rootDir, '.flow');
      await withFileLock(path.join(workDir, 'flow.lock'), request.now, () =>
        runLocked({ request, workDir, outDir, steps, done }),
      );
    }
  } catch (error) {
    fault = asFlowFault(error, request.signal);
  }
  const report: FlowReport = {
    formatVersion: 1,
    outcome: fault !== null ? 'failed' : request.dryRun ? 'planned' : 'done',
    environment: request.environment,
    dryRun: request.dryRun,
    startedAt: startedAt.toISOString(),
    durationMs: request.now().getTime() - startedAt.getTime(),
    outDir,
    steps: done,
    faults: fault === null ? [] : faultReports(fault),
  };
  return { report, fault };
}

/** Where the release of a run goes. */
export function outDirOf(request: Pick<PipelineRequest, 'rootDir' | 'outDir'>): string {
  return path.resolve(request.rootDir, request.outDir ?? path.join('.flow', 'release'));
}

interface Run {
  readonly request: PipelineRequest;
  readonly workDir: string;
  readonly outDir: string;
  readonly steps: readonly FlowStep[];
  readonly done: StepReport[];
}

async function runDry(
  request: PipelineRequest,
  steps: readonly FlowStep[],
  done: StepReport[],
): Promise<void> {
  const workDir = await mkdtemp(path.join(os.tmpdir(), 'cds-flow-dry-'));
  try {
    await runLocked({ request, workDir, outDir: outDirOf(request), steps, done });
  } finally {
    await rm(workDir, { recursive: true, force: true });
  }
}

async function runLocked(run: Run): Promise<void> {
  const { request, steps } = run;
  checkBeforeDeploy(request);
  const building = path.join(run.workDir, 'building');
  // What a killed run left there belongs to nobody: the lock is ours.
  await rm(building, { recursive: true, force: true });
  const makes = request.steps.some((id) => makingSteps.has(id));
  const madeIn = path.join(building, 'release');
  let place: Place = makes
    ? { releaseDir: madeIn, content: createReleaseContent(madeIn) }
    : { releaseDir: run.outDir };
  if (makes) await mkdir(building, { recursive: true });
  if (makes && !run.request.dryRun) await ignoreByGit(run.workDir);
  try {
    let deployed = true;
    let isFinished = !makes;
    for (const step of steps) {
      if (!request.steps.includes(step.id)) continue;
      if (!makingSteps.has(step.id) && !isFinished) {
        place = { releaseDir: await finish(run, place) };
        isFinished = true;
      }
      const isLeftOut = !deployed && (step.id === 'purge' || step.id === 'verify');
      const result = await runStep(run, step, isLeftOut ? skipUndeployed : step.run.bind(step), place);
      if (step.id === 'deploy') deployed = result.outcome !== 'skipped';
    }
    if (!isFinished) await finish(run, place);
  } finally {
    await rm(building, { recursive: true, force: true });
  }
}

/** Caches and releases are no sources: the folder ignores itself, whoever calls the flow in a repository. */
async function ignoreByGit(workDir: string): Promise<void> {
  await writeFile(path.join(workDir, '.gitignore'), '*\n', { flag: 'wx' }).catch(ignorePresent);
}

function ignorePresent(error: unknown): void {
  if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
}

async function finish(run: Run, { releaseDir, content }: Place): Promise<string> {
  // Metadata, the last of the making steps, has written everything already; a run without it has not.
  content?.settle();
  if (run.request.dryRun) return releaseDir;
  await rm(assetListFile(releaseDir), { force: true });
  await replaceFolder(releaseDir, run.outDir);
  return run.outDir;
}

function skipUndeployed(): Promise<StepResult> {
  return Promise.resolve({
    outcome: 'skipped',
    summary: { en: 'Nothing was deployed.', de: 'Es wurde nichts ausgeliefert.' },
  });
}

/** Where the release is: in a folder, and before it is finished partly in memory. */
interface Place {
  readonly releaseDir: string;
  readonly content?: ReleaseContent;
}

async function runStep(
  run: Run,
  step: FlowStep,
  work: (context: FlowContext) => Promise<StepResult>,
  place: Place,
): Promise<StepResult> {
  const { request } = run;
  const warnings: StepWarning[] = [];
  const at = { step: step.id, position: stepIds.indexOf(step.id) + 1, total: stepIds.length };
  const startedAt = request.now().getTime();
  request.signal.throwIfAborted();
  request.report({ kind: 'started', ...at, title: step.title });
  try {
    const result = await work(contextOf(run, { ...place, step: step.id, warnings }));
    request.signal.throwIfAborted();
    const durationMs = request.now().getTime() - startedAt;
    const { outcome, summary, details } = result;
    run.done.push({
      step: at.step,
      position: at.position,
      outcome,
      summary,
      ...(details ? { details } : {}),
      warnings,
      durationMs,
    });
    request.report({ kind: 'finished', ...at, outcome, summary, durationMs });
    return result;
  } catch (error) {
    const fault = asFlowFault(error, request.signal);
    const durationMs = request.now().getTime() - startedAt;
    run.done.push({
      step: at.step,
      position: at.position,
      outcome: 'failed',
      summary: fault.text,
      warnings,
      durationMs,
    });
    request.report({ kind: 'failed', ...at, code: fault.code, durationMs });
    throw fault;
  }
}

function contextOf(run: Run, at: Place & { step: StepId; warnings: StepWarning[] }): FlowContext {
  const { request } = run;
  const { step, warnings } = at;
  return {
    rootDir: request.rootDir,
    workDir: run.workDir,
    outDir: run.outDir,
    releaseDir: at.releaseDir,
    ...(at.content ? { content: at.content } : {}),
    config: request.config,
    environment: request.environment,
    dryRun: request.dryRun,
    env: request.env,
    signal: request.signal,
    now: request.now,
    log: {
      info: (text) => request.report({ kind: 'info', step, text }),
      warn: (warning) => {
        warnings.push(warning);
        request.report({ kind: 'warning', step, warning });
      },
      advance: (done, total) => request.report({ kind: 'advanced', step, done, total }),
    },
  };
}
