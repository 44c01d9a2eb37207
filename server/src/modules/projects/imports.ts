import type { Readable } from 'node:stream';
import { fault } from '#base/fault.ts';
import type { Growth } from '#kernel/files/workspace.ts';
import { parseGitAddress } from './archive/address-guard.ts';
import { cloneRepository } from './archive/import-git.ts';
import { unpackZip } from './archive/import-zip.ts';
import type { Birth } from './birth.ts';
import type { ProjectsConfig } from './config.ts';
import type { Git } from './git/git.ts';
import type { Caller } from './service.ts';
import type { MembershipRow } from './store.ts';
import type { Usage } from './usage.ts';

interface ImportParts {
  readonly birth: Birth;
  readonly git: Git;
  readonly usage: Usage;
  readonly config: ProjectsConfig;
}

/** More at once would let one user fill the disk past the quota before any import is counted. */
const importsPerUser = 2;

export type Imports = ReturnType<typeof createImports>;

/** Projects that come from elsewhere. */
export function createImports({ birth, git, usage, config }: ImportParts) {
  const running = new Map<string, number>();

  async function limited<Result>(userId: string, work: () => Promise<Result>): Promise<Result> {
    const count = running.get(userId) ?? 0;
    if (count >= importsPerUser) throw fault('common.rate_limited', { retryAfterMs: 5_000 });
    running.set(userId, count + 1);
    try {
      return await work();
    } finally {
      const left = (running.get(userId) ?? 1) - 1;
      if (left === 0) running.delete(userId);
      else running.set(userId, left);
    }
  }

  async function roomOf(userId: string): Promise<Growth> {
    const used = await usage.ofOwner(userId);
    return {
      bytes: Math.max(0, config.quotaBytes - used.bytes),
      files: Math.max(0, config.quotaFiles - used.files),
    };
  }

  return {
    fromZip(
      { user, traceId, signal }: Caller,
      input: { name: string; upload: Readable },
    ): Promise<MembershipRow> {
      return limited(user.userId, async () => {
        const room = await roomOf(user.userId);
        const limits = { fileBytes: config.fileBytes, depth: config.depth };
        return birth.make({
          name: input.name,
          owner: user,
          traceId,
          source: 'zip',
          async fill(folder) {
            await unpackZip(folder, input.upload, { limits, room, signal });
            await birth.beginRepository(folder, user, 'Import from a zip file');
          },
        });
      });
    },

    fromGit(
      { user, traceId, signal }: Caller,
      input: { name?: string | undefined; url: string; branch?: string | undefined },
    ): Promise<MembershipRow> {
      const address = parseGitAddress(input.url);
      return limited(user.userId, async () => {
        const room = await roomOf(user.userId);
        return birth.make({
          name: input.name ?? address.name,
          owner: user,
          traceId,
          source: 'git',
          async fill(folder) {
            await cloneRepository(folder, {
              address,
              branch: input.branch,
              confinement: git.confinement,
              timeoutMs: config.importTimeoutMs,
              privateHosts: config.importPrivateHosts,
              certificates: config.importCertificates,
              room,
              signal,
            });
          },
        });
      });
    },
  };
}
