import { z } from 'zod';
import type { MethodDefinitions } from '#base/contract.ts';
import { KilledBy } from '../run/contract-shapes.ts';

const Columns = z.int().min(2).max(1000);
const Rows = z.int().min(1).max(500);

const Terminal = z.object({
  terminalId: z.uuid(),
  projectId: z.uuid(),
  userId: z.string(),
  title: z.string(),
  command: z.string(),
  startedAt: z.iso.datetime(),
  columns: z.int(),
  rows: z.int(),
  /** Connections that watch it now. */
  attached: z.int(),
  running: z.boolean(),
  exitCode: z.int().nullable(),
  signal: z.string().nullable(),
  killedBy: z.union([KilledBy, z.literal('idle')]).nullable(),
});

const Closed = z.object({
  terminalId: z.uuid(),
  exitCode: z.int().nullable(),
  signal: z.string().nullable(),
  killedBy: z.union([KilledBy, z.literal('idle')]).nullable(),
});

/** The terminal tab: shells that outlive a connection. */
export const terminalMethods = {
  'run.terminal': {
    summary: 'Opens a terminal, or attaches to one; streams the scrollback first, then what comes.',
    access: 'developer',
    rateClass: 'execute',
    params: z.strictObject({
      projectId: z.uuid(),
      /** Attach to this one; absent: a new one is opened. */
      terminalId: z.uuid().optional(),
      columns: Columns.default(80),
      rows: Rows.default(24),
      /** Of a new terminal; the default is a shell. */
      command: z.string().min(1).max(4096).optional(),
      args: z.array(z.string().max(131_072)).max(1024).default([]),
      cwd: z.string().max(4096).default(''),
      title: z.string().trim().min(1).max(80).optional(),
      /** What the client has already: only output behind this offset is sent. */
      afterOffset: z.int().nonnegative().optional(),
    }),
    chunk: z.discriminatedUnion('kind', [
      /** Always the first. `startOffset` is that of the first byte that follows; more than asked for: some was dropped. */
      z.object({ kind: z.literal('attached'), terminal: Terminal, startOffset: z.int() }),
      /** `offset` is that of the end of `data`, counted in UTF-8 bytes since the terminal was opened. */
      z.object({ kind: z.literal('output'), data: z.string(), offset: z.int() }),
    ]),
    result: Closed,
  },
  'run.terminal.input': {
    summary: 'Types into a terminal.',
    access: 'developer',
    rateClass: 'read',
    params: z.strictObject({ terminalId: z.uuid(), data: z.string().max(65_536) }),
    result: z.object({ terminalId: z.uuid() }),
  },
  'run.terminal.resize': {
    summary: 'Tells a terminal its size in characters. After its end this changes nothing.',
    access: 'developer',
    rateClass: 'read',
    params: z.strictObject({ terminalId: z.uuid(), columns: Columns, rows: Rows }),
    result: z.object({ terminalId: z.uuid() }),
  },
  'run.terminal.close': {
    summary: 'Ends a terminal and everything that runs in it, and forgets its scrollback.',
    access: 'developer',
    rateClass: 'write',
    params: z.strictObject({ terminalId: z.uuid() }),
    result: Closed,
  },
  'run.terminal.list': {
    summary: 'Lists one’s own terminals in a project, oldest first.',
    access: 'developer',
    rateClass: 'read',
    params: z.strictObject({ projectId: z.uuid() }),
    result: z.object({ terminals: z.array(Terminal) }),
  },
} as const satisfies MethodDefinitions;
