import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { fault } from '#base/fault.ts';
import { SiteEvent, type SiteFlowFault } from './contract-shapes.ts';

const flowFolder = fileURLToPath(new URL('../../../../flow/', import.meta.url));
const modulesFolder = fileURLToPath(new URL('../../../../node_modules/', import.meta.url));
const program = `${flowFolder}src/workspace/program.ts`;

const MEMORY_MIB = 768;
const TIMEOUT_MS = 15 * 60_000;
const STDERR_CHARACTERS = 8_000;

const Message = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('event'), event: SiteEvent }),
  z.object({
    kind: z.literal('command'),
    command: z.string(),
    output: z.string(),
    variables: z.record(z.string(), z.string()),
  }),
  z.object({
    kind: z.literal('fault'),
    fault: z.object({
      code: z.string(),
      text: z.object({ en: z.string(), de: z.string() }),
      fix: z.object({ en: z.string(), de: z.string() }),
      file: z.string().optional(),
      line: z.number().optional(),
      column: z.number().optional(),
    }),
    report: z.unknown().optional(),
  }),
  z.object({ kind: z.literal('done'), result: z.record(z.string(), z.unknown()) }),
]);
type Message = z.infer<typeof Message>;
export type CommandRequest = Extract<Message, { kind: 'command' }>;

export interface FlowCall {
  /** The request of flow/src/workspace/protocol.ts. */
  readonly request: Readonly<Record<string, unknown>>;
  /** The only folder that the program may read and write, beside the platform's own code. */
  readonly siteDir: string;
  /** A build reads what strangers wrote and gets the least rights. */
  readonly confined: boolean;
  readonly signal: AbortSignal;
  onEvent(event: SiteEvent): void;
  /** Runs the project's own build, in the sandbox. */
  onCommand(command: CommandRequest): Promise<{ code: number | null; output: string }>;
}

export type FlowOutcome =
  | { readonly kind: 'done'; readonly result: Readonly<Record<string, unknown>> }
  | { readonly kind: 'fault'; readonly fault: SiteFlowFault; readonly report?: unknown };

/**
 * Runs the flow in a process of its own: it may crash, hang or eat its memory without the server noticing. A confined one
 * can open no file outside the site's folder and start no program (Node's permission model).
 * @throws site.flow_broke
 */
export async function callFlow(call: FlowCall): Promise<FlowOutcome> {
  const limit = AbortSignal.any([call.signal, AbortSignal.timeout(TIMEOUT_MS)]);
  const rights = call.confined
    ? [
        '--permission',
        '--allow-addons',
        `--allow-fs-read=${flowFolder}*`,
        `--allow-fs-read=${modulesFolder}*`,
        `--allow-fs-read=${call.siteDir}/*`,
        `--allow-fs-write=${call.siteDir}/*`,
      ]
    : [];
  const child = spawn(
    process.execPath,
    ['--disable-warning=SecurityWarning', `--max-old-space-size=${MEMORY_MIB}`, ...rights, program],
    {
      cwd: call.siteDir,
      // No secret of the server reaches the program.
      env: { PATH: process.env.PATH, TZ: 'UTC', LC_ALL: 'C.UTF-8', TMPDIR: call.siteDir },
      stdio: ['pipe', 'pipe', 'pipe'],
      signal: limit,
      killSignal: 'SIGKILL',
    },
  );
  let stderr = '';
  let outcome: FlowOutcome | null = null;
  child.stderr.on('data', (chunk: Buffer) => {
    stderr = (stderr + chunk.toString('utf8')).slice(-STDERR_CHARACTERS);
  });
  child.stdin.on('error', () => undefined);
  child.on('error', () => undefined);
  child.stdin.write(`${JSON.stringify(call.request)}\n`);
  for await (const line of createInterface({ input: child.stdout })) {
    const message = readMessage(line);
    if (message === null) continue;
    if (message.kind === 'event') call.onEvent(message.event);
    else if (message.kind === 'command') {
      const answer = await call.onCommand(message);
      child.stdin.write(`${JSON.stringify(answer)}\n`);
    } else outcome = message as FlowOutcome;
  }
  call.signal.throwIfAborted();
  if (outcome === null) throw fault('site.flow_broke', {}, { cause: new Error(stderr || 'no output') });
  return outcome;
}

function readMessage(line: string): Message | null {
  try {
    const parsed = Message.safeParse(JSON.parse(line));
    return parsed.success ? parsed.data : null;
  } catch {
    // A line that a dependency printed is no message.
    return null;
  }
}
