import {
  type ActiveSession,
  client,
  methods,
  ndJsonStream,
  PROTOCOL_VERSION,
  type RequestPermissionRequest,
  type RequestPermissionResponse,
  type SessionUpdate,
} from '@agentclientprotocol/sdk';
import { fault, isFault } from '#base/fault.ts';
import { oneLine, type Program } from './program.ts';

/** What another agent does, as far as it is told on. */
export type AgentUpdate =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'tool'; readonly title: string; readonly state: string }
  | { readonly kind: 'permission'; readonly title: string; readonly granted: boolean };

export interface AgentSession extends AsyncDisposable {
  /** One turn. @throws connections.* */
  prompt(
    text: string,
    onUpdate: (update: AgentUpdate) => void,
    signal: AbortSignal,
  ): Promise<{ stopReason: string }>;
  readonly open: boolean;
}

export interface AgentSessionOptions {
  readonly name: string;
  readonly version: string;
  readonly startMs: number;
  readonly lineBytes: number;
  /** Whether the program may reach the hosts that the project was granted. */
  readonly network: boolean;
  readonly begin: (listeners: {
    readonly onOutput: (text: string) => void;
    readonly onEnd: (reason: string) => void;
  }) => Promise<Program>;
  readonly stop: () => Promise<void>;
}

/** Where the sandbox shows the files. */
const folder = '/workspace';
const titleCharacters = 200;

/**
 * Starts another agent that speaks the Agent Client Protocol (version 1). It gets no file or terminal access from here: it
 * works on the files that its sandbox shows it, and on nothing else, so what it asks leave for is granted as far as the
 * sandbox reaches.
 * @throws connections.*
 */
export async function openAgentSession(options: AgentSessionOptions): Promise<AgentSession> {
  const { name, startMs } = options;
  const permissions = { tell: (_update: AgentUpdate) => {} };
  let reason: string | null = null;
  const { stream, end } = await streamOf(options, (why) => {
    reason = why;
  });
  const app = client({ name: 'cyberdevstudio' }).onRequest(
    methods.client.session.requestPermission,
    ({ params }) => {
      const { response, granted } = decide(params, options.network);
      permissions.tell({ kind: 'permission', title: titleOf(params.toolCall.title), granted });
      return response;
    },
  );
  const connection = app.connect(stream);
  const told = (error: unknown) => {
    if (isFault(error)) return error;
    const words = error instanceof Error ? oneLine(error.message).slice(0, 200) : 'unknown';
    return reason === null
      ? fault('connections.answer_invalid', { name, reason: words }, { cause: error })
      : fault('connections.ended', { name, reason }, { cause: error });
  };

  let session: ActiveSession;
  try {
    session = await within(startMs, name, async () => {
      const agreed = await connection.agent.request(methods.agent.initialize, {
        protocolVersion: PROTOCOL_VERSION,
        clientCapabilities: { fs: { readTextFile: false, writeTextFile: false }, terminal: false },
        clientInfo: { name: 'cyberdevstudio', version: options.version },
      });
      if (agreed.protocolVersion !== PROTOCOL_VERSION)
        throw fault('connections.answer_invalid', {
          name,
          reason: `it speaks version ${agreed.protocolVersion} of the protocol`,
        });
      return connection.agent.buildSession({ cwd: folder, mcpServers: [] }).start();
    });
  } catch (error) {
    connection.close();
    void end();
    const cause = told(error);
    throw cause.code === 'connections.ended'
      ? fault('connections.start_failed', cause.data, { cause: error })
      : cause;
  }

  return {
    get open() {
      return reason === null && !connection.signal.aborted;
    },
    async prompt(text, onUpdate, signal) {
      signal.throwIfAborted();
      permissions.tell = onUpdate;
      const leave = () => void end();
      signal.addEventListener('abort', leave, { once: true });
      try {
        const turn = session.prompt(text);
        // It also arrives as the last message below.
        turn.catch(() => undefined);
        for (;;) {
          const message = await Promise.race([
            session.nextUpdate(),
            connection.closed.then(() => {
              throw new Error('the connection was closed');
            }),
          ]);
          if (message.kind === 'stop') return { stopReason: message.stopReason };
          const update = updateOf(message.update);
          if (update !== null) onUpdate(update);
        }
      } catch (error) {
        signal.throwIfAborted();
        throw told(error);
      } finally {
        signal.removeEventListener('abort', leave);
      }
    },
    async [Symbol.asyncDispose]() {
      session.dispose();
      connection.close();
      await end();
    },
  };
}

/** Grants once what the sandbox confines anyway; going to the network only where the user has allowed that. */
function decide(
  { toolCall, options }: RequestPermissionRequest,
  network: boolean,
): { response: RequestPermissionResponse; granted: boolean } {
  const wanted = toolCall.kind === 'fetch' && !network ? 'reject' : 'allow';
  const chosen =
    options.find(({ kind }) => kind === `${wanted}_once`) ??
    options.find(({ kind }) => kind === `${wanted}_always`);
  if (chosen === undefined) return { response: { outcome: { outcome: 'cancelled' } }, granted: false };
  return {
    response: { outcome: { outcome: 'selected', optionId: chosen.optionId } },
    granted: wanted === 'allow',
  };
}

function updateOf(update: SessionUpdate): AgentUpdate | null {
  switch (update.sessionUpdate) {
    case 'agent_message_chunk':
      return update.content.type === 'text' ? { kind: 'text', text: update.content.text } : null;
    case 'tool_call':
    case 'tool_call_update': {
      const { title, status } = update;
      if (title == null && status == null) return null;
      return { kind: 'tool', title: titleOf(title), state: status ?? 'pending' };
    }
    default:
      return null;
  }
}

function titleOf(title: string | null | undefined): string {
  return oneLine(title ?? '').slice(0, titleCharacters);
}

/** The program's pipes as the streams of the library, which bounds each message. */
async function streamOf(options: AgentSessionOptions, onEnd: (reason: string) => void) {
  const encoder = new TextEncoder();
  let give: ReadableStreamDefaultController<Uint8Array> | null = null;
  let over = false;
  const input = new ReadableStream<Uint8Array>({
    start(controller) {
      give = controller;
    },
  });
  const finish = (why: string) => {
    if (over) return;
    over = true;
    onEnd(why);
    give?.close();
  };
  const push = (text: string) => {
    if (!over) give?.enqueue(encoder.encode(text));
  };
  const program = await options.begin({ onOutput: push, onEnd: finish });
  const decoder = new TextDecoder();
  const output = new WritableStream<Uint8Array>({
    write: (piece) => program.write(decoder.decode(piece, { stream: true })),
  });
  return {
    stream: ndJsonStream(output, input, { maxMessageBytes: options.lineBytes }),
    end() {
      const over = options.stop();
      finish('it was ended');
      return over;
    },
  };
}

async function within<Result>(limitMs: number, name: string, work: () => Promise<Result>): Promise<Result> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(fault('connections.timed_out', { name, limitMs })), limitMs);
  try {
    return await Promise.race([work(), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
