import { execFile } from 'node:child_process';
import { statfsSync } from 'node:fs';
import { promisify } from 'node:util';

export interface DiskWatchOptions {
  readonly workspacePath: string;
  /** By how much the workspace may grow. */
  readonly bytes: number;
  readonly files: number;
}

interface Usage {
  readonly bytes: number;
  readonly files: number;
}

const run = promisify(execFile);
const measureTimeoutMs = 10_000;

/**
 * Notices that a workspace grows beyond what it may, at next to no cost for runs that don't: each look asks only how
 * full the file system is. Growth of the workspace can't be more than the growth of the file system, so its files are
 * counted only after that has passed a quarter of the limit. Until then others' writing may count as the run's own, at
 * most that quarter.
 */
export function createDiskWatch(options: DiskWatchOptions) {
  const { workspacePath } = options;
  const atStart = fileSystemUsage(workspacePath) ?? { bytes: 0, files: 0 };
  let first: { readonly workspace: Usage; readonly grownBefore: Usage } | null = null;
  let measuring = false;
  let stopped = false;

  /** Upper bound of what was added since the start. */
  function grown(): Usage {
    const present = fileSystemUsage(workspacePath) ?? atStart;
    return { bytes: present.bytes - atStart.bytes, files: present.files - atStart.files };
  }

  async function exceeds(): Promise<boolean> {
    const before = grown();
    const workspace = await workspaceUsage(workspacePath);
    if (workspace === null) return before.bytes > 2 * options.bytes || before.files > 2 * options.files;
    first ??= { workspace, grownBefore: before };
    const added = {
      bytes: workspace.bytes - first.workspace.bytes + first.grownBefore.bytes,
      files: workspace.files - first.workspace.files + first.grownBefore.files,
    };
    return added.bytes > options.bytes || added.files > options.files;
  }

  return {
    /** Looks once; calls back when the workspace has grown too much. A look while one is under way does nothing. */
    look(onExceeded: () => void): void {
      if (measuring || stopped) return;
      const { bytes, files } = grown();
      if (bytes <= options.bytes / 4 && files <= options.files / 4) return;
      measuring = true;
      void exceeds()
        .then((tooMuch) => {
          if (tooMuch && !stopped) onExceeded();
        })
        .finally(() => {
          measuring = false;
        });
    },
    /** Whether anything at all was written on the file system since the start. */
    touched: () => {
      const { bytes, files } = grown();
      return bytes !== 0 || files !== 0;
    },
    stop() {
      stopped = true;
    },
  };
}

/** Null when the folder is gone: a copy is removed while the last program in it is being ended. */
function fileSystemUsage(folder: string): Usage | null {
  try {
    const stats = statfsSync(folder);
    return { bytes: (stats.blocks - stats.bfree) * stats.bsize, files: stats.files - stats.ffree };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** What the workspace takes on disk, by `du`: in a process of its own, so that a big tree does not hold up the server. */
async function workspaceUsage(folder: string): Promise<Usage | null> {
  const options = {
    timeout: measureTimeoutMs,
    maxBuffer: 65_536,
    env: { LC_ALL: 'C', PATH: '/usr/bin:/bin' },
  };
  try {
    const [bytes, files] = await Promise.all(
      [['--block-size=1'], ['--inodes']].map((kind) => run('du', ['-sx', ...kind, '--', folder], options)),
    );
    return {
      bytes: Number.parseInt(bytes?.stdout ?? '0', 10),
      files: Number.parseInt(files?.stdout ?? '0', 10),
    };
  } catch {
    // du fails when a file vanishes while it counts, or when a program locks a folder to hide files in it. The next look
    // counts again, and twice the limit on the whole file system is not forgiven.
    return null;
  }
}
