import { type Language, Query, type QueryCapture } from 'web-tree-sitter';
import type { SyntaxNode } from './syntax.ts';

/** Queries of tree-sitter, compiled once for each language. */
export interface SyntaxQueries {
  /**
   * What a query captures below a node, in the order of the text.
   * @throws Error for a query that the node's language does not understand
   */
  captures(root: SyntaxNode, source: string): QueryCapture[];
}

/**
 * States that a query keeps at a time; the oldest give way. Code nested deeper than this was made to be slow: each open
 * state is looked at for each node (20,000 calls within each other took 39 s without this limit).
 */
const mostMatches = 128;

export function createSyntaxQueries(): SyntaxQueries {
  const compiled = new Map<Language, Map<string, Query>>();
  return {
    captures(root, source) {
      const { language } = root.tree;
      const known = compiled.get(language) ?? new Map<string, Query>();
      compiled.set(language, known);
      const query = known.get(source) ?? new Query(language, source);
      known.set(source, query);
      return query.captures(root, { matchLimit: mostMatches });
    },
  };
}
