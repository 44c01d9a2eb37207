import type { Stats } from 'node:fs';
import { fault } from '#base/fault.ts';
import { openFolder } from './descriptor.ts';
import { scan } from './scan.ts';
import type { Workspace } from './workspace.ts';
import { shown } from './workspace-path.ts';

/** Enough for a large node_modules that a package manager filled with hard links. */
const maxEntries = 500_000;
const verdictLifetimeMs = 60_000;
const maxVerdicts = 10_000;

/** Inodes whose every name was found inside, as they were then; a new name changes ctime and with it the key. */
const verdicts = new Map<string, { readonly inside: boolean; readonly untilMs: number }>();

/**
 * A file with several names may share its content with one outside of the workspace. It may be read when all of
 * its names are found inside (package managers link that way), and is refused otherwise.
 * @throws files.hard_link_escapes
 */
export async function assertLinksInside(
  workspace: Workspace,
  file: { readonly stats: Stats; readonly path: string },
): Promise<void> {
  const { stats } = file;
  const key = `${workspace.workspacePath}:${stats.dev}:${stats.ino}:${stats.ctimeMs}:${stats.nlink}`;
  const nowMs = performance.now();
  let verdict = verdicts.get(key);
  if (verdict === undefined || verdict.untilMs < nowMs) {
    verdict = {
      inside: (await namesInside(workspace, stats)) >= stats.nlink,
      untilMs: nowMs + verdictLifetimeMs,
    };
    if (verdicts.size >= maxVerdicts) verdicts.clear();
    verdicts.set(key, verdict);
  }
  if (!verdict.inside) throw fault('files.hard_link_escapes', { path: shown(file.path) });
}

async function namesInside(workspace: Workspace, wanted: Stats): Promise<number> {
  using root = openFolder(workspace.workspacePath);
  let names = 0;
  let entries = 0;
  for await (const { stats } of scan(root, { maxDepth: workspace.limits.depth, undecodable: true })) {
    entries += 1;
    if (entries > maxEntries) return 0;
    if (stats.ino === wanted.ino && stats.dev === wanted.dev) names += 1;
    if (names >= wanted.nlink) break;
  }
  return names;
}
