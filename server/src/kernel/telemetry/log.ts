import { createRequire } from 'node:module';
import path from 'node:path';
import pino, { type DestinationStream, type Level, type Logger } from 'pino';
import type { PinoPretty } from 'pino-pretty';
import { createRotatingFile } from './rotating-file.ts';

export interface LogOptions {
  readonly service: string;
  readonly level: Level | 'silent';
  readonly format: 'json' | 'pretty' | 'auto';
  /** Folder of the rotated files; absent: none are written. */
  readonly folder?: string;
  readonly maxFileBytes: number;
  readonly maxFiles: number;
  /** Lines below this level go to the file only, so that a terminal stays readable. */
  readonly terminalLevel?: Level;
  readonly output?: NodeJS.WritableStream;
}

export interface LogHandle extends AsyncDisposable {
  readonly log: Logger;
}

const secretKeys = [
  'password',
  'newPassword',
  'currentPassword',
  'token',
  'accessToken',
  'refreshToken',
  'apiKey',
  'authorization',
  'cookie',
  'secret',
  'secretKey',
  'value',
  'connectionString',
  'databaseUrl',
  'redisUrl',
];

/** Paths that pino removes, on the first three levels of a log object. */
const redactPaths = secretKeys.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]);

/** Removes what looks like a credential from free text (error messages, addresses). */
export function redactText(text: string): string {
  return text
    .replace(/\b([a-z][a-z0-9+.-]*:\/\/[^\s:/@]*):[^\s@/]+@/gi, '$1:***@')
    .replace(/\bcds_[A-Za-z0-9_-]{16,}/g, 'cds_***')
    .replace(/\b(Bearer|Service)\s+[A-Za-z0-9._~+/=-]{8,}/g, '$1 ***')
    .replace(/\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+/g, '***');
}

function serializeError(error: unknown): unknown {
  if (!(error instanceof Error)) return typeof error === 'string' ? redactText(error) : error;
  const { code, data } = error as { code?: unknown; data?: unknown };
  return {
    type: error.name,
    message: redactText(error.message),
    ...(code === undefined ? {} : { code }),
    ...(data === undefined ? {} : { data }),
    stack: redactText(error.stack ?? ''),
    ...(error.cause === undefined ? {} : { cause: serializeError(error.cause) }),
  };
}

/** Loaded where somebody reads along: a service never needs it. */
function prettyPrinter(): typeof PinoPretty {
  return createRequire(import.meta.url)('pino-pretty') as typeof PinoPretty;
}

/**
 * The process's one logger: JSON lines, or readable ones on a terminal, and a rotated JSON file.
 * Secrets are removed by key and, in error texts, by their looks.
 */
export function createLog(options: LogOptions): LogHandle {
  const stack = new AsyncDisposableStack();
  const output = options.output ?? process.stdout;
  const readable =
    options.format === 'pretty' ||
    (options.format === 'auto' && (output as { isTTY?: boolean }).isTTY === true);
  const level = options.level === 'silent' ? 'info' : options.level;
  const terminal: DestinationStream = readable
    ? prettyPrinter()({
        destination: output,
        sync: true,
        ignore: 'pid,hostname,service',
        translateTime: 'SYS:HH:MM:ss.l',
      })
    : { write: (line: string) => void output.write(line) };
  const streams: { level: Level; stream: DestinationStream }[] = [
    { level: options.terminalLevel ?? level, stream: terminal },
  ];
  if (options.folder !== undefined) {
    const file = createRotatingFile({
      file: path.join(options.folder, `${options.service}.log`),
      maxBytes: options.maxFileBytes,
      maxFiles: options.maxFiles,
    });
    stack.use(file);
    streams.push({ level, stream: file });
  }
  const log = pino(
    {
      level: options.level,
      base: { service: options.service },
      redact: { paths: redactPaths, censor: '***' },
      serializers: { err: serializeError, error: serializeError },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    pino.multistream(streams),
  );
  return { log, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}
