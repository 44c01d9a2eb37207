import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { TestContext } from 'node:test';
import type { FlowConfigInput } from '../core/config.ts';
import type { FlowContext } from '../core/step.ts';
import { flowContext } from '../testing/context.ts';
import { temporaryFolder } from '../testing/release.ts';
import { type BuildStepOptions, createBuildStep } from './build.ts';
import { cleanStep } from './clean.ts';

/** Where the pipeline makes a release: below the work folder, moved to `out` when it is finished. */
export function releaseOf(root: string): string {
  return path.join(root, '.flow', 'release');
}

/** A site in a temporary folder, built as often as a test likes. */
export async function siteWorld(t: TestContext, files: Readonly<Record<string, string | Uint8Array>>) {
  const root = await temporaryFolder(t);
  await writeFiles(root, files);
  const build = async (
    config: FlowConfigInput = {},
    overrides: Partial<FlowContext> = {},
    options: BuildStepOptions = {},
  ) => {
    const context = flowContext(root, config, { releaseDir: releaseOf(root), ...overrides });
    await cleanStep.run(context);
    return createBuildStep(options).run(context);
  };
  return {
    root,
    build,
    read: (file: string) => readFile(path.join(releaseOf(root), file), 'utf8'),
    outputs: () => listOutputs(releaseOf(root)),
  };
}

export async function writeFiles(
  root: string,
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(root, name)), { recursive: true });
    await writeFile(path.join(root, name), content);
  }
}

/** Every file below a folder with its content, sorted by path. */
export async function readTree(dir: string): Promise<Record<string, string>> {
  const tree: Record<string, string> = {};
  for (const file of await listOutputs(dir))
    tree[file] = (await readFile(path.join(dir, file))).toString('base64');
  return tree;
}

async function listOutputs(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => path.relative(dir, path.join(entry.parentPath, entry.name)))
    .sort();
}
