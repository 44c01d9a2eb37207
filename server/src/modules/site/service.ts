import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import type { Call, Client, ParsedParamsOf, RawResultOf } from '#base/contract.ts';
import { fault, isFault } from '#base/fault.ts';
import type { Principal } from '#base/principal.ts';
import type { Publish } from '#kernel/module.ts';
import type { projectsContract } from '#modules/projects/contract.ts';
import type { sandboxContract } from '#modules/sandbox/contract.ts';
import { readBuilt } from './built.ts';
import type { siteContract } from './contract.ts';
import { type SiteEvent, SiteReport } from './contract-shapes.ts';
import { type CommandRequest, callFlow, type FlowOutcome } from './flow-process.ts';
import { siteFolders } from './folders.ts';
import { snapshotOutput, snapshotWorkspace } from './snapshot.ts';

type Contract = typeof siteContract;

export interface Asked {
  readonly projectId: string;
  readonly user: Principal;
  readonly call: Call;
}

export interface SiteDeps {
  readonly dataDir: string;
  readonly config: { readonly mostBuilds: number; readonly mostFiles: number; readonly mostBytes: number };
  readonly clients: {
    readonly projects: Client<typeof projectsContract>;
    readonly sandbox: Client<typeof sandboxContract>;
  };
  readonly publish: Publish<Contract>;
  readonly now: () => number;
}

export interface SiteService {
  /** @throws site.busy, site.too_large, site.flow_broke; a flow that failed is told in the report */
  build(asked: Asked): AsyncGenerator<SiteEvent, SiteReport, undefined>;
  /** @throws site.busy, site.nothing_built, site.flow_broke */
  deploy(asked: Asked): AsyncGenerator<SiteEvent, SiteReport, undefined>;
  state(asked: Asked): Promise<RawResultOf<Contract, 'site.state'>>;
  diff(
    asked: Asked,
    wish: Pick<ParsedParamsOf<Contract, 'site.diff'>, 'before' | 'after'>,
  ): Promise<RawResultOf<Contract, 'site.diff'>>;
  rollback(asked: Asked, releaseId: string): Promise<{ releaseId: string }>;
  /** Removes everything of a project that is gone for good. */
  forget(projectId: string): Promise<void>;
}

/** A build of the project's own has the time and room that bundlers need; the server's caps still hold. */
const COMMAND_LIMITS = { memoryBytes: 1_500_000_000, processes: 256, outputBytes: 1_000_000 } as const;
const COMMAND_TIMEOUT_MS = 10 * 60_000;

export function createSiteService(deps: SiteDeps): SiteService {
  const { clients, config } = deps;
  const running = new Set<string>();

  async function access({ projectId, user, call }: Asked, need: 'read' | 'write') {
    return clients.projects.call(
      'project.access',
      { projectId, userId: user.userId, need, globalRole: user.role },
      call,
    );
  }

  /** One run for each project, and not more on the whole server than it can bear. */
  function take(projectId: string): Disposable {
    if (running.has(projectId) || running.size >= config.mostBuilds) throw fault('site.busy');
    running.add(projectId);
    return { [Symbol.dispose]: () => running.delete(projectId) };
  }

  async function commitSeconds({ projectId, call }: Asked): Promise<number | undefined> {
    try {
      const { commits } = await clients.projects.call('project.git.log', { projectId, limit: 1 }, call);
      const at = commits[0]?.authoredAt;
      return at === undefined ? undefined : Math.floor(Date.parse(at) / 1000);
    } catch (error) {
      // No repository, or one without a commit: pages then show no time.
      if (isFault(error)) return undefined;
      throw error;
    }
  }

  /** Runs a program that tells events while it goes on, as a stream. */
  async function* stream(
    asked: Asked,
    run: (onEvent: (event: SiteEvent) => void) => Promise<FlowOutcome>,
  ): AsyncGenerator<SiteEvent, SiteReport, undefined> {
    const waiting: SiteEvent[] = [];
    let wake = () => {};
    let ended = false;
    const outcome = run((event) => {
      waiting.push(event);
      wake();
    }).finally(() => {
      ended = true;
      wake();
    });
    // Told by the `await` below; a caller that leaves early must not make it an unhandled rejection.
    outcome.catch(() => undefined);
    while (!ended || waiting.length > 0) {
      const event = waiting.shift();
      if (event !== undefined) yield event;
      else if (!ended)
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    }
    const report = reportOf(await outcome, deps.now());
    await saveReport(siteFolders(deps.dataDir, asked.projectId).reportFile, report);
    return report;
  }

  async function buildOnce(asked: Asked, onEvent: (event: SiteEvent) => void): Promise<FlowOutcome> {
    const folders = siteFolders(deps.dataDir, asked.projectId);
    const { workspacePath, limits } = await access(asked, 'write');
    const options = {
      limits: { depth: limits.depth, mostFiles: config.mostFiles, mostBytes: config.mostBytes },
      signal: asked.call.signal,
    };
    await mkdir(folders.siteDir, { recursive: true, mode: 0o755 });
    await snapshotWorkspace(workspacePath, folders.sourceDir, options);
    const seconds = await commitSeconds(asked);
    const onCommand = async ({ command, output, variables }: CommandRequest) => {
      const result = await clients.sandbox.call(
        'run.exec',
        {
          projectId: asked.projectId,
          command: '/bin/sh',
          args: ['-c', `rm -rf -- "$CDS_OUTPUT" && { ${command}\n} 2>&1`],
          env: { ...variables, CDS_OUTPUT: `./${output}` },
          timeoutMs: COMMAND_TIMEOUT_MS,
          limits: COMMAND_LIMITS,
        },
        asked.call,
      );
      const place = { workspacePath, targetDir: folders.sourceDir, output };
      if (result.exitCode === 0) await snapshotOutput(place, options);
      return { code: result.exitCode, output: result.stdout };
    };
    return callFlow({
      request: {
        kind: 'build',
        steps: ['clean', 'build', 'hash', 'worker', 'metadata'],
        ...pick(folders),
        ...(seconds === undefined ? {} : { commitSeconds: seconds }),
      },
      siteDir: folders.siteDir,
      confined: true,
      signal: asked.call.signal,
      onEvent,
      onCommand,
    });
  }

  /** The other requests read finished releases only, whose every byte is checked against the manifest. */
  function ask(
    asked: Asked,
    request: Record<string, unknown>,
    onEvent: (event: SiteEvent) => void = () => {},
  ) {
    const folders = siteFolders(deps.dataDir, asked.projectId);
    return callFlow({
      request: { ...request, ...pick(folders) },
      siteDir: folders.siteDir,
      confined: false,
      signal: asked.call.signal,
      onEvent,
      onCommand: async () => ({ code: 1, output: '' }),
    });
  }

  async function announce(asked: Asked, action: 'deploy' | 'rollback', releaseId: string): Promise<void> {
    const { projectId, user } = asked;
    await deps.publish('site.deployed', { projectId, userId: user.userId, action, releaseId });
  }

  return {
    async *build(asked) {
      await access(asked, 'write');
      using _turn = take(asked.projectId);
      return yield* stream(asked, (onEvent) => buildOnce(asked, onEvent));
    },
    async *deploy(asked) {
      await access(asked, 'write');
      using _turn = take(asked.projectId);
      const built = await readBuilt(siteFolders(deps.dataDir, asked.projectId).releaseDir);
      if (built === null) throw fault('site.nothing_built');
      const report = yield* stream(asked, (onEvent) => ask(asked, { kind: 'deploy' }, onEvent));
      if (report.outcome === 'done') await announce(asked, 'deploy', built.summary.id);
      return report;
    },
    async state(asked) {
      await access(asked, 'read');
      const folders = siteFolders(deps.dataDir, asked.projectId);
      const built = await readBuilt(folders.releaseDir);
      const report = await readReport(folders.reportFile);
      const told = built === null ? null : await ask(asked, { kind: 'state' });
      const { releases, history } =
        told?.kind === 'done' ? stateOf(told.result) : { releases: [], history: [] };
      return {
        running: running.has(asked.projectId),
        built: built?.summary ?? null,
        report,
        releases,
        history,
      };
    },
    async diff(asked, wish) {
      await access(asked, 'read');
      const built = await readBuilt(siteFolders(deps.dataDir, asked.projectId).releaseDir);
      if (built === null) throw fault('site.nothing_built');
      const result = resultOf(asked, await ask(asked, { kind: 'diff', ...wish }));
      return result.diff as RawResultOf<Contract, 'site.diff'>;
    },
    async rollback(asked, releaseId) {
      await access(asked, 'write');
      using _turn = take(asked.projectId);
      const built = await readBuilt(siteFolders(deps.dataDir, asked.projectId).releaseDir);
      if (built === null) throw fault('site.nothing_built');
      const result = resultOf(asked, await ask(asked, { kind: 'rollback', releaseId }));
      await announce(asked, 'rollback', releaseId);
      return { releaseId: String(result.releaseId) };
    },
    forget: (projectId) => rm(siteFolders(deps.dataDir, projectId).siteDir, { recursive: true, force: true }),
  };
}

function pick(folders: ReturnType<typeof siteFolders>) {
  const { sourceDir, releaseDir, liveDir, previewDir } = folders;
  return { sourceDir, releaseDir, liveDir, previewDir };
}

/** @throws site.flow_failed */
function resultOf(asked: Asked, outcome: FlowOutcome): Readonly<Record<string, unknown>> {
  if (outcome.kind === 'done') return outcome.result;
  const { code, text, fix, file, line } = outcome.fault;
  const { language } = asked.call;
  const place = file === undefined ? '' : `${file}${line === undefined ? '' : `:${line}`}: `;
  throw fault('site.flow_failed', { flowCode: code, reason: text[language], place }, { hint: fix[language] });
}

/** A failed flow is an answer with the reason in it. */
function reportOf(outcome: FlowOutcome, nowMs: number): SiteReport {
  if (outcome.kind === 'fault' && outcome.report === undefined) {
    // Its settings could not be read, so no step has run.
    const startedAt = new Date(nowMs).toISOString();
    return { outcome: 'failed', startedAt, durationMs: 0, steps: [], faults: [outcome.fault] };
  }
  const found = outcome.kind === 'done' ? outcome.result.report : outcome.report;
  const parsed = SiteReport.safeParse(found);
  if (parsed.success) return parsed.data;
  throw fault('site.flow_broke', {}, { cause: parsed.error });
}

function stateOf(
  result: Readonly<Record<string, unknown>>,
): Pick<RawResultOf<Contract, 'site.state'>, 'releases' | 'history'> {
  const { targets, history } = result as {
    targets: ReadonlyArray<{ releases: RawResultOf<Contract, 'site.state'>['releases'] }>;
    history: RawResultOf<Contract, 'site.state'>['history'];
  };
  return { releases: [...(targets[0]?.releases ?? [])], history };
}

async function saveReport(file: string, report: SiteReport): Promise<void> {
  await writeFile(`${file}.draft`, JSON.stringify(report));
  await rename(`${file}.draft`, file);
}

async function readReport(file: string): Promise<SiteReport | null> {
  const text = await readFile(file, 'utf8').catch(() => null);
  if (text === null) return null;
  const parsed = SiteReport.safeParse(JSON.parse(text));
  return parsed.success ? parsed.data : null;
}
