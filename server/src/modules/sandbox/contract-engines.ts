import { z } from 'zod';
import type { MethodDefinitions } from '#base/contract.ts';
import { ExecutionLimits } from './contract-execute.ts';
import { Limits } from './run/contract-shapes.ts';

const Text = z.object({ en: z.string(), de: z.string() });

/** One thing that was looked at on this machine. */
export const Check = z.object({
  /** Stable name: `bubblewrap`, `userNamespaces`, `seccomp`, `limits`, `disk`, … */
  name: z.string(),
  state: z.enum(['ok', 'warning', 'missing']),
  title: Text,
  detail: Text,
  /** The one command that helps; null when nothing is missing or no command can help. */
  command: z.string().nullable(),
});
export type Check = z.infer<typeof Check>;

const Engine = z.object({
  engine: z.enum(['fs', 'run', 'wasm', 'micro']),
  available: z.boolean(),
  driver: z.string().nullable(),
  /** Kinds of `program` that sandbox.execute hands to it. */
  programs: z.array(z.enum(['command', 'code', 'module'])),
  /** What programs get that ask for nothing, and the most they may ask for; absent: as the run engine has them. */
  limits: z.object({ defaults: ExecutionLimits, maxima: ExecutionLimits }).optional(),
  /** What the wall is made of, in words. */
  isolation: z.array(Text),
  /** What lacks, and the command that brings it; null when the engine works. */
  missing: z.object({ reason: Text, command: z.string().nullable() }).nullable(),
});

export type EngineDescription = z.infer<typeof Engine>;

const NetworkPolicy = z.object({
  mode: z.enum(['off', 'allowList']),
  /** `example.org`, `*.example.org` (any depth below, not itself), each with an optional `:port`; else 80 and 443. */
  hosts: z.array(z.string()),
});

/** What the engines can do here, and what a project's programs may reach. */
export const engineMethods = {
  'sandbox.engines': {
    summary: 'Tells which engines work on this server, by what means, and what the others lack.',
    access: 'viewer',
    rateClass: 'read',
    params: z.strictObject({}),
    result: z.object({ engines: z.array(Engine), defaults: Limits, maxima: Limits }),
  },
  'sandbox.doctor': {
    summary: 'Tells what was found on this server, part by part, and the command that brings what lacks.',
    access: 'admin',
    rateClass: 'read',
    params: z.strictObject({}),
    result: z.object({ checks: z.array(Check) }),
  },
  'sandbox.network.get': {
    summary: 'Tells which hosts the programs of a project may reach.',
    access: 'viewer',
    rateClass: 'read',
    params: z.strictObject({ projectId: z.uuid() }),
    result: NetworkPolicy,
  },
  'sandbox.network.check': {
    summary:
      'Tells whether a project was granted a host, for a part of the platform that connects in its name.',
    access: 'service',
    params: z.strictObject({
      projectId: z.uuid(),
      host: z.string().max(260),
      port: z.int().min(1).max(65_535),
    }),
    result: z.object({ allowed: z.boolean() }),
  },
  'sandbox.network.set': {
    summary: 'Sets which hosts the programs of a project may reach; holds for programs started from then on.',
    access: 'developer',
    rateClass: 'write',
    params: z.strictObject({
      projectId: z.uuid(),
      mode: z.enum(['off', 'allowList']),
      hosts: z.array(z.string().trim().min(1).max(260)).max(100).default([]),
    }),
    result: NetworkPolicy,
  },
} as const satisfies MethodDefinitions;
