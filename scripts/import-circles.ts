import type { ImportEdge } from './boundaries.ts';

/** Imports among the files of a repository: for each file its edges and the files they lead to. */
export type ImportGraph = ReadonlyMap<string, ReadonlyMap<string, ImportEdge>>;

/**
 * The files that import each other in a circle, each circle once, as the edges that close it. Files of one circle load
 * in an order that nobody chose, and none can be read or moved by itself. (Tarjan's strongly connected components.)
 */
export function findCircles(graph: ImportGraph): ImportEdge[][] {
  const state = { order: new Map<string, number>(), low: new Map<string, number>(), stack: [] as string[] };
  const circles: ImportEdge[][] = [];
  for (const file of graph.keys()) {
    if (!state.order.has(file)) visit(file);
  }
  return circles;

  function visit(file: string): void {
    const position = state.order.size;
    state.order.set(file, position);
    state.low.set(file, position);
    state.stack.push(file);
    for (const target of graph.get(file)?.keys() ?? []) {
      if (!state.order.has(target)) visit(target);
      else if (!state.stack.includes(target)) continue;
      lower(file, state.low.get(target));
    }
    if (state.low.get(file) !== position) return;
    const members = new Set(state.stack.splice(state.stack.lastIndexOf(file)));
    if (members.size > 1) circles.push(edgesWithin(graph, members));
  }

  function lower(file: string, value: number | undefined): void {
    const own = state.low.get(file);
    if (value !== undefined && (own === undefined || value < own)) state.low.set(file, value);
  }
}

function edgesWithin(graph: ImportGraph, members: ReadonlySet<string>): ImportEdge[] {
  return [...members].flatMap((file) =>
    [...(graph.get(file) ?? [])].filter(([target]) => members.has(target)).map(([, edge]) => edge),
  );
}
