import { createReadStream } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { buffer } from 'node:stream/consumers';
import yauzl from 'yauzl';
import { advisoriesFolder, importAdvisories } from './checks/dependencies/advisories.ts';

export { type EvalResult, evaluate } from './eval/evaluate.ts';
export { summarize } from './eval/summary.ts';
export { readEvalTasks } from './eval/task-file.ts';

/** Longer ones are no advisory. */
const documentBytes = 16 * 1024 ** 2;

/**
 * Takes advisories in OSV's format over into an installation: files .json, .jsonl and .zip, and folders of them. A
 * running platform sees them with its next task. @throws Error when a file cannot be read
 */
export function importAdvisoriesOffline(
  dataDir: string,
  files: readonly string[],
): Promise<{ imported: number; skipped: number }> {
  return importAdvisories(advisoriesFolder(dataDir), documentsOf(files));
}

async function* documentsOf(files: readonly string[]): AsyncGenerator<string> {
  for (const file of files) {
    if ((await stat(file)).isDirectory()) {
      const names = (await readdir(file)).filter((name) => /\.(json|jsonl|ndjson|zip)$/i.test(name));
      yield* documentsOf(names.toSorted().map((name) => path.join(file, name)));
    } else if (/\.zip$/i.test(file)) yield* documentsInZip(file);
    else if (/\.(jsonl|ndjson)$/i.test(file)) {
      for await (const line of createInterface({ input: createReadStream(file) }))
        if (line !== '') yield line;
    } else yield await readFile(file, 'utf8');
  }
}

async function* documentsInZip(file: string): AsyncGenerator<string> {
  const zip = await yauzl.openPromise(file, { autoClose: false });
  try {
    for await (const entry of zip.eachEntry()) {
      if (!entry.fileName.endsWith('.json') || entry.uncompressedSize > documentBytes) continue;
      yield (await buffer(await zip.openReadStreamPromise(entry))).toString('utf8');
    }
  } finally {
    zip.close();
  }
}
