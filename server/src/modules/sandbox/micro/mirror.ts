import { createHash } from 'node:crypto';
import type { Workspace } from '#kernel/files/workspace.ts';
import type { FilesGrant } from '../contract-execute.ts';
import type { Agent } from './machine/agent.ts';
import { download, upload } from './transfer.ts';

/**
 * The project's files in a machine that lives for one program: brought in before it runs and, when it may write, what it
 * changed or added is taken back after it. What it deleted stays in the project.
 */
export function createMirror(agent: Agent, grant: FilesGrant) {
  const before = new Map<string, string>();
  let workspace: Workspace | null = null;
  return {
    /** @throws files.*, sandbox.transfer_refused, GuestError */
    async bring(open: () => Promise<Workspace>): Promise<void> {
      if (grant === 'none') return;
      workspace = await open();
      await upload(agent, workspace, {
        path: '',
        dest: '',
        onFile: (path, content) => before.set(path, digest(content)),
      });
    },
    /** @throws files.*, sandbox.transfer_refused, GuestError */
    async takeBack(): Promise<void> {
      if (grant !== 'write' || workspace === null) return;
      const same = (path: string, content: Buffer) => before.get(path) === digest(content);
      await download(agent, workspace, { path: '', dest: '', same });
    },
  };
}

function digest(content: Buffer): string {
  return createHash('sha256').update(content).digest('base64');
}
