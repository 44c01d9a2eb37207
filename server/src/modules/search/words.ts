import type { Database } from '#kernel/database/database.ts';
import { termsOf } from './index/terms.ts';
import { type CandidateRow, documentFrequencies, findCandidates } from './ranking-store.ts';

const mostTerms = 24;
const mostCandidates = 5_000;

/** BM25 with the usual constants (Robertson and Zaragoza, 2009). */
const saturation = 1.2;
const lengthWeight = 0.75;

/** The chunks whose words are nearest to the query's, best first. */
export async function rankByWords(
  database: Database,
  projectId: string,
  query: { readonly text: string; readonly chunks: number; readonly terms: number; readonly count: number },
): Promise<CandidateRow[]> {
  const terms = [...new Set(termsOf(query.text))].slice(0, mostTerms);
  if (terms.length === 0 || query.chunks === 0) return [];
  const frequencies = await documentFrequencies(database, projectId, terms);
  const known = terms.filter((term) => (frequencies.get(term) ?? 0) > 0);
  if (known.length === 0) return [];
  const any = rarest(known, frequencies);
  const candidates = await findCandidates(database, projectId, { any, terms: known, limit: mostCandidates });
  const weights = known.map((term) => {
    const count = Math.min(frequencies.get(term) ?? 0, query.chunks);
    return Math.log(1 + (query.chunks - count + 0.5) / (count + 0.5));
  });
  const averageLength = Math.max(1, query.terms / query.chunks);
  const score = ({ counts, termCount }: CandidateRow) =>
    weights.reduce((sum, weight, index) => {
      const count = counts[index] ?? 0;
      const length = 1 - lengthWeight + (lengthWeight * termCount) / averageLength;
      return sum + (weight * count * (saturation + 1)) / (count + saturation * length);
    }, 0);
  return candidates
    .map((row) => ({ row, score: score(row) }))
    .toSorted(
      (a, b) => b.score - a.score || (a.row.path < b.row.path ? -1 : 1) || a.row.startLine - b.row.startLine,
    )
    .slice(0, query.count)
    .map(({ row }) => row);
}

/** Words that stand everywhere tell nothing apart and would bring every chunk: the rarest that stay within the bound. */
function rarest(terms: readonly string[], frequencies: ReadonlyMap<string, number>): string[] {
  const sorted = terms.toSorted((a, b) => (frequencies.get(a) ?? 0) - (frequencies.get(b) ?? 0));
  let sum = 0;
  return sorted.filter((term, index) => {
    sum += frequencies.get(term) ?? 0;
    return index === 0 || sum <= mostCandidates;
  });
}
