import {
  type CallToolResult,
  Client,
  ProtocolError,
  SdkError,
  SdkErrorCode,
  SdkHttpError,
  StreamableHTTPClientTransport,
  type Tool,
  type Transport,
} from '@modelcontextprotocol/client';
import { type Fault, fault, isFault } from '#base/fault.ts';
import { createGuardedFetch, type GuardedFetchOptions } from './guarded-fetch.ts';
import { oneLine, type Program } from './program.ts';
import { createProgramTransport } from './program-transport.ts';

export interface McpSession extends AsyncDisposable {
  readonly server: { readonly name: string; readonly version: string };
  /** All tools, as the server describes them now. */
  tools(signal: AbortSignal): Promise<Tool[]>;
  call(tool: string, values: Record<string, unknown>, signal: AbortSignal): Promise<CallToolResult>;
  /** False once the server is gone; a new session has to be opened then. */
  readonly open: boolean;
}

export interface McpSessionOptions {
  readonly name: string;
  readonly version: string;
  readonly timeoutMs: number;
  readonly startMs: number;
  readonly answerBytes: number;
  readonly signal: AbortSignal;
  readonly way:
    | {
        readonly kind: 'program';
        readonly begin: (listeners: {
          readonly onOutput: (text: string) => void;
          readonly onEnd: (reason: string) => void;
        }) => Promise<Program>;
        readonly stop: () => Promise<void>;
      }
    | {
        readonly kind: 'http';
        readonly headers: Readonly<Record<string, string>>;
        readonly fetch: Pick<GuardedFetchOptions, 'url' | 'privateHosts' | 'granted'>;
      };
}

const mostPages = 10;
const mostTools = 500;
/** Old servers over stdio may leave the question for the newer protocol unanswered. */
const probeMs = 5_000;

/**
 * Opens a session with a server of others. It is offered nothing: no files, no sampling, no questions to the user. Schemas of
 * its answers are not compiled: they are its own words, and what it answers is text for the caller to distrust.
 * @throws connections.*
 */
export async function openMcpSession(options: McpSessionOptions): Promise<McpSession> {
  const { name, way, startMs, timeoutMs } = options;
  await using opening = new AsyncDisposableStack();
  let whyClosed: () => string | null = () => null;
  let transport: Transport;
  if (way.kind === 'http') {
    const guarded = opening.use(
      await createGuardedFetch({ ...way.fetch, name, answerBytes: options.answerBytes }),
    );
    transport = new StreamableHTTPClientTransport(way.fetch.url, {
      fetch: guarded.fetch,
      requestInit: { headers: { ...way.headers } },
      reconnectionOptions: {
        initialReconnectionDelay: 1000,
        maxReconnectionDelay: 1000,
        reconnectionDelayGrowFactor: 1,
        maxRetries: 0,
      },
    });
  } else {
    const program = createProgramTransport({ name, lineCharacters: options.answerBytes, ...way });
    opening.defer(way.stop);
    whyClosed = () => program.reason;
    transport = program;
  }
  const client = new Client(
    { name: 'cyberdevstudio', version: options.version },
    {
      capabilities: {},
      listMaxPages: mostPages,
      versionNegotiation: { mode: 'auto', probe: { timeoutMs: Math.min(probeMs, startMs) } },
      jsonSchemaValidator: {
        getValidator: () => (input) => ({ valid: true, data: input as never, errorMessage: undefined }),
      },
    },
  );
  let open = true;
  client.onclose = () => {
    open = false;
  };
  // What a server sends out of turn is nobody's concern here; requests that wait learn of a closed connection.
  client.onerror = () => undefined;
  opening.defer(() => client.close().catch(() => undefined));

  function told(error: unknown, limitMs: number, starting = false): Fault {
    const cause = faultWithin(error);
    if (cause !== null) return cause;
    const reason = whyClosed();
    if (reason !== null && !options.signal.aborted)
      return fault(
        starting ? 'connections.start_failed' : 'connections.ended',
        { name, reason },
        { cause: error },
      );
    if (error instanceof SdkError && error.code === SdkErrorCode.RequestTimeout)
      return fault('connections.timed_out', { name, limitMs }, { cause: error });
    if (error instanceof SdkHttpError)
      return fault('connections.start_failed', { name, reason: `HTTP ${error.status}` }, { cause: error });
    const words = error instanceof Error ? oneLine(error.message).slice(0, 200) : 'unknown';
    const code = starting ? 'connections.start_failed' : 'connections.answer_invalid';
    return fault(code, { name, reason: words }, { cause: error });
  }

  try {
    await client.connect(transport, { timeout: startMs, signal: options.signal });
  } catch (error) {
    throw told(error, startMs, true);
  }
  const { name: serverName = '', version = '' } = client.getServerVersion() ?? {};
  const stack = opening.move();
  return {
    server: { name: oneLine(serverName).slice(0, 100), version: oneLine(version).slice(0, 50) },
    get open() {
      return open;
    },
    async tools(signal) {
      try {
        const { tools } = await client.listTools(undefined, {
          cacheMode: 'refresh',
          timeout: startMs,
          signal,
        });
        return tools.slice(0, mostTools);
      } catch (error) {
        signal.throwIfAborted();
        throw told(error, startMs);
      }
    },
    async call(tool, values, signal) {
      try {
        return await client.callTool(
          { name: tool, arguments: values },
          { timeout: timeoutMs, maxTotalTimeout: timeoutMs, signal },
        );
      } catch (error) {
        signal.throwIfAborted();
        // Whoever hangs once is started anew for the next question.
        if (error instanceof SdkError && error.code === SdkErrorCode.RequestTimeout) open = false;
        // The server refuses the call in the words of the protocol: the model can do better next time.
        if (error instanceof ProtocolError)
          return { content: [{ type: 'text', text: oneLine(error.message) }], isError: true };
        throw told(error, timeoutMs);
      }
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** A fault of ours that libraries have wrapped. */
function faultWithin(error: unknown, depth = 0): Fault | null {
  if (isFault(error)) return error;
  if (depth > 5 || !(error instanceof Error) || error.cause === undefined) return null;
  return faultWithin(error.cause, depth + 1);
}
