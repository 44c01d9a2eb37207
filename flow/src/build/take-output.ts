import path from 'node:path';
import { FlowFault, throwAll } from '../core/fault.ts';
import type { FlowContext } from '../core/step.ts';
import { createOutputs, readSource, statSource } from './outputs.ts';
import { listSources } from './source-tree.ts';
import { decodeSource, isReleaseText } from './text.ts';

const MOST_TEXT_BYTES = 16 * 1024 * 1024;

/**
 * Copies what the project's own build made into the release, unchanged. Names with `_` are part of it (`_astro`), and
 * git's ignore rules don't count: an output folder is ignored as a rule.
 * @throws the faults of source trees, build.invalid_utf8, build.utf16
 */
export async function takeOutput(context: FlowContext, outputDir: string): Promise<number> {
  const files = await listSources({
    rootDir: context.rootDir,
    sourceDir: outputDir,
    ignore: context.config.build.ignore,
    without: [],
    useGit: false,
    isOutput: true,
  });
  const outputs = createOutputs({ outDir: context.releaseDir, content: context.content });
  const faults: FlowFault[] = [];
  for (const file of files) {
    const full = path.join(outputDir, file.path);
    outputs.claim(file.output, file.output);
    try {
      if (isReleaseText(file.output) && statSource(file.output, full).size <= MOST_TEXT_BYTES)
        decodeSource(file.output, readSource(file.output, full), context.config.checks.charsets);
      outputs.copy(file.output, { file: file.output, path: full });
    } catch (error) {
      if (!(error instanceof FlowFault)) throw error;
      faults.push(error);
    }
  }
  throwAll(faults);
  return outputs.finish().totalFiles;
}
