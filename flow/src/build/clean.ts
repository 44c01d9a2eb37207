import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { FlowFault } from '../core/fault.ts';
import { releaseManifestName } from '../core/layout.ts';
import type { FlowContext, FlowStep, StepResult } from '../core/step.ts';

/** Step 1: an empty folder for the release. What is neither a release nor the flow's own folder is never emptied. */
export const cleanStep: FlowStep = {
  id: 'clean',
  title: { en: 'Clean', de: 'Aufräumen' },
  run: clean,
};

async function clean(context: FlowContext): Promise<StepResult> {
  requireOwnFolder(context);
  rmSync(context.releaseDir, { recursive: true, force: true, maxRetries: 2 });
  mkdirSync(context.releaseDir, { recursive: true });
  // The machine's umask must not decide whether a web server may read the release.
  chmodSync(context.releaseDir, 0o755);
  return {
    outcome: 'done',
    summary: { en: 'Started with an empty folder.', de: 'Mit leerem Ordner begonnen.' },
  };
}

/** @throws build.output_not_empty for a folder with files that the flow did not make */
function requireOwnFolder(context: FlowContext): void {
  for (const dir of new Set([context.releaseDir, context.outDir])) {
    const holdsSite = isInside(context.rootDir, dir) || dir === path.parse(dir).root;
    const isOwn = isInside(dir, context.workDir) || !existsSync(dir) || isReleaseOrEmpty(dir);
    if (holdsSite || !isOwn) throw notEmptyFault(dir);
  }
}

function isReleaseOrEmpty(dir: string): boolean {
  if (!lstatSync(dir).isDirectory()) return false;
  const names = readdirSync(dir);
  return names.length === 0 || names.includes(releaseManifestName);
}

function isInside(dir: string, folder: string): boolean {
  const way = path.relative(folder, dir);
  return way === '' || (!way.startsWith('..') && !path.isAbsolute(way));
}

function notEmptyFault(dir: string): FlowFault {
  return new FlowFault('build.output_not_empty', {
    text: {
      en: `${dir} holds files that are no release of the flow; it is not emptied.`,
      de: `${dir} enthält Dateien, die kein Release des Flows sind; der Ordner wird nicht geleert.`,
    },
    fix: {
      en: 'Name an empty or new folder: cds flow build --out DIR',
      de: 'Einen leeren oder neuen Ordner nennen: cds flow build --out ORDNER',
    },
  });
}
