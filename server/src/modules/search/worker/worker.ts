// The thread that reads, matches, parses and compares; run by pool.ts.
import { parentPort } from 'node:worker_threads';
import { createSyntax } from '#kernel/syntax/syntax.ts';
import { chunkText } from '../index/chunker.ts';
import { countTerms } from '../index/terms.ts';
import { grep, shareOut } from '../scan/grep.ts';
import { Comparison, expand } from './compare.ts';
import { TextReader } from './read-texts.ts';
import type { TaskName, Tasks } from './tasks.ts';
import { createVectors } from './vectors.ts';

type Handlers = {
  readonly [K in TaskName]: (
    request: Tasks[K]['request'],
  ) => Promise<Tasks[K]['answer']> | Tasks[K]['answer'];
};

const syntax = createSyntax();
const vectors = createVectors();
const comparison = new Comparison();
const reader = new TextReader();

const handlers: Handlers = {
  share: shareOut,
  grep,
  remember: (request) => comparison.remember(request),
  compare: (request) => comparison.compare(request),
  expand,
  hash: (request) => reader.hash(request),
  async chunk({ files, ...place }) {
    const answers = [];
    for (const { path, contentHash } of files) {
      const text = await reader.text(place, { path, contentHash });
      if (text === null) continue;
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
