/**
 * The strongly connected components of a graph, each after all components it points to (reverse topological order).
 * R. Tarjan, "Depth-first search and linear graph algorithms", SIAM J. Comput. 1 (1972); iterative, since chains of
 * imports may be longer than the call stack is deep.
 */
export function stronglyConnected(
  nodes: readonly string[],
  edgesOf: (node: string) => Iterable<string>,
): string[][] {
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const onStack = new Set<string>();
  const stack: string[] = [];
  const components: string[][] = [];
  for (const root of nodes) {
    if (index.has(root)) continue;
    const work = [enter(root)];
    for (let frame = work.at(-1); frame !== undefined; frame = work.at(-1)) {
      const next = frame.edges.next();
      if (!next.done) {
        if (!index.has(next.value)) work.push(enter(next.value));
        else if (onStack.has(next.value)) lower(frame.node, index.get(next.value));
        continue;
      }
      work.pop();
      const parent = work.at(-1);
      if (parent !== undefined) lower(parent.node, low.get(frame.node));
      if (low.get(frame.node) === index.get(frame.node)) components.push(takeComponent(frame.node));
    }
  }
  return components;

  function enter(node: string): { node: string; edges: Iterator<string> } {
    index.set(node, index.size);
    low.set(node, index.size - 1);
    stack.push(node);
    onStack.add(node);
    return { node, edges: edgesOf(node)[Symbol.iterator]() };
  }

  function lower(node: string, value: number | undefined): void {
    if (value !== undefined && value < (low.get(node) ?? value)) low.set(node, value);
  }

  function takeComponent(root: string): string[] {
    const component = stack.splice(stack.lastIndexOf(root));
    for (const node of component) onStack.delete(node);
    return component;
  }
}
