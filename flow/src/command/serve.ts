import { formatFault } from '../core/fault.ts';
import { counted, type LocalizedText } from '../core/language.ts';
import { loadFlowConfig } from '../pipeline/load-config.ts';
import { runPipeline } from '../pipeline/pipeline.ts';
import { type DevBuild, startDevServer } from '../serve/dev-server.ts';
import { type LocalServer, loopback } from '../serve/http.ts';
import { startStagingServer } from '../serve/staging-server.ts';
import { usageFault } from './arguments.ts';
import { type CommandInput, commandContext, releaseDirOf, rootDirOf } from './context.ts';
import { terminalReporter } from './progress.ts';
import { stepsOfCommand } from './run-steps.ts';
import { say } from './terminal.ts';

const DEFAULT_PORT = 8080;

/** `cds flow dev [--port N] [--host ADDRESS]`: builds, serves, builds again on each change, until it is stopped. */
export async function dev(input: CommandInput): Promise<number> {
  const { terminal, signal } = input;
  const context = await commandContext(input);
  const server = await startDevServer({
    rootDir: context.rootDir,
    config: context.config,
    env: terminal.environment,
    language: terminal.language,
    log: context.log,
    signal,
    ...listenWish(input),
    onBuild: (result) => {
      if (result.kind === 'failed') {
        terminal.printError(formatFault(result.fault, terminal.language));
        return;
      }
      say(terminal, builtText(result));
    },
  });
  return serveUntilStopped(input, server);
}

function builtText({ pages, writtenFiles }: Extract<DevBuild, { kind: 'built' }>): LocalizedText {
  if (pages === null)
    return { en: "Built by the project's own build.", de: 'Vom eigenen Build des Projekts gebaut.' };
  return {
    en: `Built: ${counted(pages, 'page', 'pages')}, ${counted(writtenFiles, 'file', 'files')} changed.`,
    de: `Gebaut: ${counted(pages, 'Seite', 'Seiten')}, ${counted(writtenFiles, 'Datei', 'Dateien')} geändert.`,
  };
}

/** `cds flow staging [--port N] [--host ADDRESS]`: makes a whole release and serves it with the headers of production. */
export async function staging(input: CommandInput): Promise<number> {
  const { terminal, signal } = input;
  const rootDir = rootDirOf(input);
  const outDir = releaseDirOf(input);
  const config = await loadFlowConfig(rootDir);
  const { fault } = await runPipeline({
    rootDir,
    outDir,
    config,
    environment: 'staging',
    dryRun: false,
    steps: stepsOfCommand.build ?? [],
    env: terminal.environment,
    signal,
    report: terminalReporter(terminal),
    now: () => new Date(),
  });
  if (fault !== null) throw fault;
  return serveUntilStopped(
    input,
    await startStagingServer({ releaseDir: outDir, config, ...listenWish(input) }),
  );
}

async function serveUntilStopped(input: CommandInput, server: LocalServer): Promise<number> {
  const { terminal, signal } = input;
  await using _running = server;
  say(terminal, { en: `Serving ${server.url}`, de: `Zu sehen unter ${server.url}` });
  const { promise, resolve } = Promise.withResolvers<void>();
  if (signal.aborted) resolve();
  signal.addEventListener('abort', () => resolve(), { once: true });
  await promise;
  return 0;
}

function listenWish({ args }: CommandInput): { port: number; host: string } {
  const wish = args.text('port');
  const port = wish === undefined ? DEFAULT_PORT : Number(wish);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw usageFault({
      en: `--port ${wish} is no port from 0 to 65535.`,
      de: `--port ${wish} ist kein Port von 0 bis 65535.`,
    });
  }
  return { port, host: args.text('host') ?? loopback };
}
