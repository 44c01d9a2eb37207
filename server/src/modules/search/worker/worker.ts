// The thread that reads, matches, parses and compares; run by pool.ts.
import { hash } from 'node:crypto';
import { parentPort } from 'node:worker_threads';
import { isFault } from '#base/fault.ts';
import { readWorkspaceFile } from '#kernel/files/read.ts';
import { unlimitedRoom } from '#kernel/files/workspace.ts';
import { createSyntax } from '#kernel/syntax/syntax.ts';
import { chunkText } from '../index/chunker.ts';
import { countTerms } from '../index/terms.ts';
import { grep } from '../scan/grep.ts';
import { isBinary, projectFiles } from '../scan/project-files.ts';
import type { Place, TaskName, Tasks } from './tasks.ts';
import { createVectors } from './vectors.ts';

/** Larger files are found by exact search only. */
const indexedBytes = 1024 ** 2;

type Handlers = {
  readonly [K in TaskName]: (
    request: Tasks[K]['request'],
  ) => Promise<Tasks[K]['answer']> | Tasks[K]['answer'];
};

const syntax = createSyntax();
const vectors = createVectors();

async function readText(place: Place, path: string): Promise<{ bytes: Buffer; modifiedMs: number } | null> {
  try {
    const file = await readWorkspaceFile({ ...place, room: unlimitedRoom }, path, {
      limitBytes: indexedBytes,
    });
    return isBinary(file.content) ? null : { bytes: file.content, modifiedMs: file.modifiedAtMs };
  } catch (error) {
    if (isFault(error)) return null;
    throw error;
  }
}

const hashOf = (bytes: Buffer) => hash('sha256', bytes, 'hex');

const handlers: Handlers = {
  grep,
  async scan({ workspacePath, limits }) {
    const files = [];
    for await (const { path, sizeBytes, modifiedMs } of projectFiles(workspacePath, {
      maxDepth: limits.depth,
    })) {
      files.push({ path, sizeBytes, modifiedMs });
    }
    return files;
  },
  async hash({ paths, ...place }) {
    const files = [];
    for (const path of paths) {
      const file = await readText(place, path);
      if (file === null) continue;
      const { bytes, modifiedMs } = file;
      files.push({ path, sizeBytes: bytes.length, modifiedMs, contentHash: hashOf(bytes) });
    }
    return files;
  },
  async chunk({ files, ...place }) {
    const answers = [];
    for (const { path, contentHash } of files) {
      const file = await readText(place, path);
      // It has changed since; the change brings it here again.
      if (file === null || hashOf(file.bytes) !== contentHash) continue;
      const text = file.bytes.toString('utf8');
      const lines = text.split('\n');
      const chunks = (await chunkText(syntax, path, text)).map((chunk) => ({
        ...chunk,
        ...countTerms(`${chunk.symbol ?? ''}\n${lines.slice(chunk.startLine - 1, chunk.endLine).join('\n')}`),
      }));
      answers.push({ contentHash, chunks });
    }
    return answers;
  },
  addVectors: (request) => vectors.add(request),
  dropVectors: ({ key }) => vectors.drop(key),
  nearest: (request) => vectors.nearest(request),
};

async function answer<K extends TaskName>(
  task: K,
  request: Tasks[K]['request'],
): Promise<Tasks[K]['answer']> {
  return await handlers[task](request);
}

parentPort?.on('message', async (message: { id: number; task: TaskName; request: never }) => {
  const { id, task, request } = message;
  try {
    parentPort?.postMessage({ id, answer: await answer(task, request) });
  } catch (error) {
    parentPort?.postMessage({
      id,
      problem: error instanceof Error ? (error.stack ?? error.message) : String(error),
    });
  }
});
