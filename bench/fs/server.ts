import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { defineContract } from '@cyberdevstudio/server/base/contract.ts';
import { defineModule } from '@cyberdevstudio/server/kernel/module.ts';
import { testWorld } from '@cyberdevstudio/server/kernel/testing/world.ts';
import { authContract } from '@cyberdevstudio/server/modules/auth/contract.ts';
import { auth } from '@cyberdevstudio/server/modules/auth/module.ts';
import { eventsContract } from '@cyberdevstudio/server/modules/events/contract.ts';
import { events } from '@cyberdevstudio/server/modules/events/module.ts';
import { defineGateway } from '@cyberdevstudio/server/modules/gateway/gateway.ts';
import { ledger } from '@cyberdevstudio/server/modules/ledger/module.ts';
import { projectsContract } from '@cyberdevstudio/server/modules/projects/contract.ts';
import { projects } from '@cyberdevstudio/server/modules/projects/module.ts';
import { sandboxContract } from '@cyberdevstudio/server/modules/sandbox/contract.ts';
import { sandbox } from '@cyberdevstudio/server/modules/sandbox/module.ts';
import { z } from 'zod';

/** The floor: node:fs behind the same RPC, without jail, quota, etag, atomicity or durability. */
const floorContract = defineContract('floor', {
  faults: {},
  events: {},
  methods: {
    'floor.read': {
      summary: 'Reads a file with node:fs.',
      access: 'viewer',
      rateClass: 'read',
      params: z.strictObject({ projectId: z.uuid(), path: z.string().min(1).max(4096) }),
      result: z.object({ content: z.string() }),
    },
    'floor.write': {
      summary: 'Writes a file with node:fs.',
      access: 'developer',
      rateClass: 'write',
      params: z.strictObject({ projectId: z.uuid(), path: z.string().min(1).max(4096), content: z.string() }),
      result: z.object({ size: z.int() }),
    },
    'floor.writeDurably': {
      summary: 'Writes a file with node:fs and flushes it.',
      access: 'developer',
      rateClass: 'write',
      params: z.strictObject({ projectId: z.uuid(), path: z.string().min(1).max(4096), content: z.string() }),
      result: z.object({ size: z.int() }),
    },
  },
});

const floor = defineModule({
  name: 'floor',
  contract: floorContract,
  needs: {},
  config: z.object({}),
  start: ({ dataDir }) => {
    const fileOf = (projectId: string, name: string) =>
      path.join(dataDir, 'projects', projectId, 'workspace', name);
    const write = async (params: { projectId: string; path: string; content: string }, flush: boolean) => {
      await writeFile(fileOf(params.projectId, params.path), params.content, { flush });
      return { size: Buffer.byteLength(params.content) };
    };
    return {
      handlers: {
        'floor.read': async ({ params }) => ({
          content: await readFile(fileOf(params.projectId, params.path), 'utf8'),
        }),
        'floor.write': ({ params }) => write(params, false),
        'floor.writeDurably': ({ params }) => write(params, true),
      },
    };
  },
});

const gateway = defineGateway({
  events: eventsContract,
  auth: authContract,
  floor: floorContract,
  projects: projectsContract,
  sandbox: sandboxContract,
});

const world = await testWorld([auth, events, ledger, floor, projects, sandbox, gateway], {
  environment: {
    // The limits are measured elsewhere; here they would only cut the load.
    CDS_RATE_READ_PER_SECOND: '1000000',
    CDS_RATE_READ_BURST: '1000000',
    CDS_RATE_WRITE_PER_SECOND: '1000000',
    CDS_RATE_WRITE_BURST: '1000000',
  },
});
const username = `u-${randomUUID().slice(0, 13)}`;
const password = 'seven quiet herons';
const accounts = world.client(authContract);
await accounts.call(
  'admin.users.create',
  { username, password, role: 'developer' },
  world.call({ role: 'admin' }),
);
const { accessToken, user } = await accounts.call('auth.login', { username, password }, world.call(null));
const { id: projectId } = await world
  .client(projectsContract)
  .call('project.create', { name: 'bench' }, world.call({ userId: user.id, username }));
process.stdout.write(`${JSON.stringify({ url: world.url, accessToken, projectId })}\n`);
process.stdin.resume();
process.stdin.once('end', () => {
  void world[Symbol.asyncDispose]().then(() => process.exit(0));
});
