import { createReadStream } from 'node:fs';
import { mkdir, readFile, realpath, rm, stat } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { runBuildCommand, runOnThisMachine } from '../build/command.ts';
import { readCommitTime } from '../build/commit-time.ts';
import { findSource } from '../build/find-source.ts';
import type { WrittenOutputs } from '../build/outputs.ts';
import { buildSite } from '../build/site.ts';
import type { FlowConfig } from '../core/config.ts';
import { FlowFault } from '../core/fault.ts';
import type { Language } from '../core/language.ts';
import { mediaTypeOf } from '../core/media-types.ts';
import type { StepLog } from '../core/progress.ts';
import type { FlowContext } from '../core/step.ts';
import { candidates, type Listen, type LocalServer, listen, requestPath } from './http.ts';
import { createLiveReload, eventsPath, faultPage, removingWorker, withLiveReload } from './live-reload.ts';
import { watchTree } from './watch-tree.ts';

export interface DevServerRequest extends Listen {
  readonly rootDir: string;
  readonly config: FlowConfig;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly language: Language;
  readonly log: StepLog;
  readonly signal: AbortSignal;
  /** Told after each build: how it went. */
  onBuild?(result: DevBuild): void;
}

export type DevBuild =
  /** `pages` is null when a build of the project's own made them. */
  | { readonly kind: 'built'; readonly pages: number | null; readonly writtenFiles: number }
  | { readonly kind: 'failed'; readonly fault: FlowFault };

const QUIET_MS = 60;
const NO_STORE = { 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' } as const;

/**
 * The environment `dev`: builds, serves on this machine, builds again on every change and reloads the open pages. No service
 * worker, and one of an earlier release is removed; nothing is cached. A fault is shown in the browser and cleared by the
 * next good build.
 * @throws serve.port_taken; faults of the first build don't end the server
 */
export async function startDevServer(request: DevServerRequest): Promise<LocalServer> {
  const live = createLiveReload();
  const builder = await createDevBuilder(request);
  const basePath = basePathOf(request.config);
  const server = await listen(request, (incoming, response) =>
    answer({ incoming, response, basePath, builder, request, attach: live.attach }),
  );
  await builder.build();
  const watch = watchTree({
    dir: builder.watchedDir,
    without: builder.without,
    quietMs: QUIET_MS,
    onChange: () => {
      void builder.build().then(() => {
        live.announce();
        watch.refresh();
      });
    },
  });
  return {
    url: server.url + basePath.slice(1),
    [Symbol.asyncDispose]: async () => {
      watch[Symbol.dispose]();
      live.end();
      await server[Symbol.asyncDispose]();
      await builder.idle();
    },
  };
}

function basePathOf(config: FlowConfig): string {
  const pathname = config.site.url ? new URL(config.site.url).pathname : '/';
  return pathname.endsWith('/') ? pathname : `${pathname}/`;
}

interface DevBuilder {
  readonly siteDir: string;
  readonly watchedDir: string;
  readonly without: readonly string[];
  readonly fault: FlowFault | null;
  /** Builds; a call during a build makes one more afterwards. Never rejects. */
  build(): Promise<void>;
  idle(): Promise<void>;
}

async function createDevBuilder(request: DevServerRequest): Promise<DevBuilder> {
  const { rootDir, config } = request;
  const workDir = path.join(rootDir, '.flow');
  const devDir = path.join(workDir, 'dev');
  const choice = findSource(rootDir, config.build);
  const output =
    choice.kind === 'command'
      ? path.resolve(rootDir, choice.output)
      : choice.kind === 'output'
        ? choice.outputDir
        : null;
  const memory: WrittenOutputs = new Map();
  await rm(devDir, { recursive: true, force: true });
  await mkdir(devDir, { recursive: true });
  let fault: FlowFault | null = null;
  let running: Promise<void> | null = null;
  let again = false;
  const once = async () => {
    const commitTime = await readCommitTime(rootDir, request.env, true);
    if (choice.kind === 'command') {
      await runBuildCommand(
        commandContext(request, { workDir, devDir }),
        { ...choice, commitTime },
        runOnThisMachine,
      );
      return { pages: null, writtenFiles: 0 };
    }
    // Somebody else builds it; this server shows what is there.
    if (choice.kind === 'output') return { pages: null, writtenFiles: 0 };
    return buildSite({
      rootDir,
      sourceDir: choice.sourceDir,
      outDir: devDir,
      cacheDir: path.join(workDir, 'cache'),
      without: [workDir],
      config,
      environment: 'dev',
      commitTime,
      useGit: true,
      signal: request.signal,
      log: request.log,
      memory,
    });
  };
  const build = async () => {
    do {
      again = false;
      try {
        const { pages, writtenFiles } = await once();
        fault = null;
        request.onBuild?.({ kind: 'built', pages, writtenFiles });
      } catch (error) {
        fault = error instanceof FlowFault ? error : unexpectedFault(error);
        request.onBuild?.({ kind: 'failed', fault });
      }
    } while (again && !request.signal.aborted);
  };
  return {
    siteDir: output ?? devDir,
    watchedDir:
      choice.kind === 'sources' ? choice.sourceDir : choice.kind === 'output' ? choice.outputDir : rootDir,
    without: [workDir, ...(choice.kind === 'command' && output !== null ? [output] : [])],
    get fault() {
      return fault;
    },
    build: () => {
      if (running) again = true;
      running ??= build().finally(() => {
        running = null;
      });
      return running;
    },
    idle: async () => {
      await running;
    },
  };
}

function commandContext(request: DevServerRequest, dirs: { workDir: string; devDir: string }): FlowContext {
  return {
    rootDir: request.rootDir,
    workDir: dirs.workDir,
    outDir: dirs.devDir,
    releaseDir: dirs.devDir,
    config: request.config,
    environment: 'dev',
    dryRun: false,
    env: request.env,
    log: request.log,
    signal: request.signal,
    now: () => new Date(0),
  };
}

interface Answer {
  readonly incoming: IncomingMessage;
  readonly response: ServerResponse;
  readonly basePath: string;
  readonly builder: DevBuilder;
  readonly request: DevServerRequest;
  attach(response: ServerResponse): void;
}

async function answer(call: Answer): Promise<void> {
  const { incoming, response, basePath, builder, request } = call;
  if (incoming.method !== 'GET' && incoming.method !== 'HEAD') {
    response.writeHead(405, { ...NO_STORE, Allow: 'GET, HEAD' }).end();
    return;
  }
  const pathname = requestPath(incoming, basePath);
  if (pathname === eventsPath) {
    call.attach(response);
    return;
  }
  if (pathname === request.config.worker.path) {
    response
      .writeHead(200, { ...NO_STORE, 'Content-Type': 'text/javascript; charset=utf-8' })
      .end(removingWorker);
    return;
  }
  const isPage = (incoming.headers.accept ?? '').includes('text/html');
  if (builder.fault && isPage) {
    sendPage(call, 500, faultPage(builder.fault, request.language));
    return;
  }
  for (const file of pathname === null ? [] : candidates(pathname))
    if (await sendFile(call, file, 200)) return;
  if (await sendFile(call, '404.html', 404)) return;
  response.writeHead(404, { ...NO_STORE, 'Content-Type': 'text/plain; charset=utf-8' }).end('404\n');
}

async function sendFile(call: Answer, file: string, status: number): Promise<boolean> {
  const full = path.join(call.builder.siteDir, file);
  if (!(await liesInside(call.builder.siteDir, full))) return false;
  if (/\.html?$/i.test(file)) {
    sendPage(call, status, await readFile(full, 'utf8'));
    return true;
  }
  call.response.writeHead(status, { ...NO_STORE, 'Content-Type': mediaTypeOf(file) });
  if (call.incoming.method === 'HEAD') call.response.end();
  else await pipeline(createReadStream(full), call.response).catch(() => call.response.destroy());
  return true;
}

/** The output of a foreign build may hold links; only files below the folder itself are served. */
async function liesInside(dir: string, full: string): Promise<boolean> {
  const real = await realpath(full).catch(() => null);
  const root = await realpath(dir).catch(() => null);
  return real !== null && root !== null && real.startsWith(root + path.sep) && (await stat(real)).isFile();
}

function sendPage(call: Answer, status: number, html: string): void {
  const body = withLiveReload(html, call.basePath);
  call.response.writeHead(status, { ...NO_STORE, 'Content-Type': 'text/html; charset=utf-8' });
  call.response.end(call.incoming.method === 'HEAD' ? undefined : body);
}

function unexpectedFault(cause: unknown): FlowFault {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new FlowFault('serve.build_broke', {
    text: { en: `The build broke: ${reason}`, de: `Der Build brach ab: ${reason}` },
    fix: {
      en: 'Change a file to try again; if it stays, run: cds flow build',
      de: 'Eine Datei ändern, um es erneut zu versuchen; bleibt es, ausführen: cds flow build',
    },
    cause,
  });
}
