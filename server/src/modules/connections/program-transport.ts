import {
  deserializeMessage,
  type JSONRPCMessage,
  serializeMessage,
  type Transport,
} from '@modelcontextprotocol/client';
import { fault } from '#base/fault.ts';
import type { Program } from './program.ts';

/** Lines that are no messages: some servers log to standard output; more than so many are no protocol. */
const mostStrayLines = 200;

export interface ProgramTransport extends Transport {
  /** By these two the library knows standard input and output, where an old server may leave its first question unanswered. */
  readonly stderr: null;
  readonly pid: null;
  /** Why it closed, in words; null while it is open. */
  readonly reason: string | null;
}

/** MCP over the standard input and output of a program: one message a line, each of at most so many characters. */
export function createProgramTransport(parts: {
  readonly name: string;
  readonly lineCharacters: number;
  readonly begin: (listeners: {
    readonly onOutput: (text: string) => void;
    readonly onEnd: (reason: string) => void;
  }) => Promise<Program>;
  readonly stop: () => Promise<void>;
}): ProgramTransport {
  const { name, lineCharacters } = parts;
  let program: Program | null = null;
  let rest = '';
  let stray = 0;
  let reason: string | null = null;

  function close(why: string): void {
    if (reason !== null) return;
    reason = why;
    rest = '';
    void parts.stop();
    transport.onclose?.();
  }

  function take(line: string): void {
    if (line.trim() === '') return;
    let message: JSONRPCMessage;
    try {
      message = deserializeMessage(line);
    } catch {
      stray += 1;
      if (stray > mostStrayLines) close('it writes something else than messages');
      return;
    }
    transport.onmessage?.(message);
  }

  function onOutput(text: string): void {
    if (reason !== null) return;
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line.length <= lineCharacters) take(line);
      else close('it wrote a message that is too long');
    }
    if (rest.length > lineCharacters) close('it wrote a message that is too long');
  }

  const transport: ProgramTransport = {
    stderr: null,
    pid: null,
    get reason() {
      return reason;
    },
    async start() {
      program = await parts.begin({ onOutput, onEnd: close });
    },
    async send(message) {
      if (program === null || reason !== null)
        throw fault('connections.ended', { name, reason: reason ?? 'it has not started' });
      await program.write(serializeMessage(message));
    },
    async close() {
      close('it was closed');
    },
  };
  return transport;
}
