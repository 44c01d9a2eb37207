import { z } from 'zod';
import type { MethodDefinitions } from '#base/contract.ts';
import { FilesGrant } from '../contract-execute.ts';
import { TextEncoding } from '../run/contract-shapes.ts';

const ModuleId = z.string().regex(/^[0-9a-f]{32}$/);
const Types = z.array(z.string());
const MemoryBytes = z.int().min(65_536);

const Module = z.object({
  /** The same for the same bytes in the same project. */
  moduleId: ModuleId,
  /** SHA-256 of the bytes, in hexadecimal. */
  hash: z.string(),
  sizeBytes: z.int(),
  exports: z.array(
    z.object({
      name: z.string(),
      kind: z.enum(['function', 'table', 'memory', 'global', 'tag']),
      params: Types,
      results: Types,
    }),
  ),
  imports: z.array(z.object({ module: z.string(), name: z.string(), params: Types, results: Types })),
  /** Memory that the module has before it runs. */
  memoryBytes: z.int(),
  memoryLimitBytes: z.int(),
});

/** A number; a whole number of 64 bits as text, because JSON has no such numbers. */
const Value = z.union([z.number(), z.string().max(1024)]);

/** WebAssembly with fuel: the same module with the same input does the same everywhere, and always ends. */
export const wasmMethods = {
  'wasm.load': {
    summary: 'Checks and compiles a WebAssembly module, from bytes or from a file of the project.',
    access: 'developer',
    rateClass: 'execute',
    timeoutMs: 60_000,
    params: z.strictObject({
      projectId: z.uuid(),
      /** Base64; either this or `path`. */
      bytes: z.base64().max(7_500_000).optional(),
      /** Relative to the project's workspace. */
      path: z.string().min(1).max(4096).optional(),
    }),
    result: Module,
  },
  'wasm.call': {
    summary: 'Calls a function of a loaded module in a new instance and answers when it has ended.',
    access: 'developer',
    rateClass: 'execute',
    timeoutMs: 0,
    params: z.strictObject({
      moduleId: ModuleId,
      /** `_start` is a program’s entry: args are then its command line. */
      function: z.string().min(1).max(256).default('_start'),
      args: z
        .array(z.union([z.number(), z.string().max(131_072)]))
        .max(1024)
        .default([]),
      stdin: z
        .string()
        .max(4 * 1024 * 1024)
        .optional(),
      /** Units: about one for each instruction, one for each byte of bulk operations. */
      fuel: z.int().min(1).optional(),
      memoryLimitBytes: MemoryBytes.optional(),
      timeoutMs: z.int().min(1).optional(),
      outputBytes: z.int().min(0).optional(),
      /** Whether the project’s files lie in /workspace, and whether changes are copied back. */
      files: FilesGrant.default('none'),
      /** The folder of the project that the program sees. */
      folder: z.string().max(4096).default(''),
      /** Without them time is counted in fuel and random numbers follow from the seed. */
      grants: z
        .array(z.enum(['clock', 'random']))
        .max(2)
        .default([]),
      seed: z.int().min(0).default(0),
    }),
    result: z.object({
      processId: z.uuid(),
      results: z.array(Value),
      stdout: z.string(),
      stdoutEncoding: TextEncoding,
      stderr: z.string(),
      stderrEncoding: TextEncoding,
      /** Of a program; null when a function returned. */
      exitCode: z.int().nullable(),
      fuelUsed: z.int(),
      durationMs: z.number(),
      cpuMs: z.number(),
      memoryBytes: z.int(),
      /** Paths in the project that were written, made or deleted. */
      changedFiles: z.array(z.string()),
    }),
  },
  'wasm.memory_limit': {
    summary: 'Sets the memory that calls of a loaded module may use when they ask for nothing else.',
    access: 'developer',
    rateClass: 'write',
    positional: ['moduleId', 'bytes'],
    params: z.strictObject({ moduleId: ModuleId, bytes: MemoryBytes }),
    result: z.object({ moduleId: ModuleId, memoryLimitBytes: z.int() }),
  },
} as const satisfies MethodDefinitions;
