import { z } from 'zod';
import { defineContract } from '#base/contract.ts';
import { engineMethods } from './contract-engines.ts';
import { EngineName, executeMethods } from './contract-execute.ts';
import { sandboxFaults } from './contract-faults.ts';
import { fsFaults, fsMethods } from './fs/contract-methods.ts';
import { microFaults } from './micro/contract-faults.ts';
import { microMethods } from './micro/contract-methods.ts';
import { runMethods } from './run/contract-methods.ts';
import { KilledBy } from './run/contract-shapes.ts';
import { terminalMethods } from './terminal/contract-methods.ts';
import { wasmFaults } from './wasm/contract-faults.ts';
import { wasmMethods } from './wasm/contract-methods.ts';

const Operation = z.object({
  processId: z.uuid(),
  projectId: z.uuid(),
  userId: z.string(),
  engine: EngineName,
  operation: z.enum(['exec', 'stream', 'terminal', 'call']),
});

/** Files of a project and programs in it, behind a wall. */
export const sandboxContract = defineContract('sandbox', {
  methods: {
    ...fsMethods,
    ...runMethods,
    ...terminalMethods,
    ...engineMethods,
    ...executeMethods,
    ...wasmMethods,
    ...microMethods,
  },
  faults: { ...fsFaults, ...sandboxFaults, ...wasmFaults, ...microFaults },
  events: {
    'sandbox.started': {
      summary: 'A program was started in a sandbox.',
      durable: false,
      payload: Operation.extend({ command: z.string() }),
    },
    'sandbox.finished': {
      summary: 'A program in a sandbox has ended; killedBy names the limit or person that ended it.',
      durable: false,
      payload: Operation.extend({
        exitCode: z.int().nullable(),
        signal: z.string().nullable(),
        killedBy: z.union([KilledBy, z.literal('idle')]).nullable(),
        durationMs: z.number(),
        cpuMs: z.number(),
        peakMemoryBytes: z.int(),
      }),
    },
    'sandbox.network_changed': {
      summary: 'The hosts that a project’s programs may reach were changed.',
      durable: true,
      payload: z.object({
        projectId: z.uuid(),
        userId: z.string(),
        mode: z.enum(['off', 'allowList']),
        hosts: z.array(z.string()),
      }),
    },
  },
});
