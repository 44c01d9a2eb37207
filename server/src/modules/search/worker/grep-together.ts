import { type GrepAnswer, type GrepRequest, joinAnswers } from '../scan/grep.ts';
import type { SearchThread } from './pool.ts';

/** A project in fewer parts is searched before a second thread has begun. */
const fewParts = 8;

/** One search by several threads, each taking the next part of the project. @throws the reason of `signal` */
export async function grepTogether(
  threads: readonly SearchThread[],
  request: GrepRequest,
  signal: AbortSignal,
): Promise<GrepAnswer> {
  const [first] = threads;
  if (first === undefined) throw new Error('there is no thread to search with');
  const { workspacePath, maxDepth } = request;
  const shares = await first.run('share', { workspacePath, maxDepth }, signal);
  const used = shares.parts.length < fewParts ? [first] : threads;
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const working = used.map((thread) => thread.run('grep', { ...request, shares }, either));
  try {
    return joinAnswers((await Promise.all(working)).flat(), request.limit);
  } catch (error) {
    // What one thread has not done, the other would do for nobody.
    failed.abort(error);
    await Promise.allSettled(working);
    throw error;
  }
}
