/** Items of several generators as they come, each with its place. Ends all of them when one fails or the reader stops. */
export async function* merge<Item, Result>(
  sources: readonly AsyncGenerator<Item, Result, undefined>[],
): AsyncGenerator<
  { readonly index: number; readonly item: Item } | { readonly index: number; readonly result: Result },
  void,
  undefined
> {
  const next = (index: number, source: AsyncGenerator<Item, Result, undefined>) =>
    source.next().then((step) => ({ index, source, step }));
  const pending = new Map(sources.map((source, index) => [index, next(index, source)] as const));
  try {
    while (pending.size > 0) {
      const { index, source, step } = await Promise.race(pending.values());
      if (step.done === true) {
        pending.delete(index);
        yield { index, result: step.value };
      } else {
        pending.set(index, next(index, source));
        yield { index, item: step.value };
      }
    }
  } finally {
    for (const promise of pending.values()) promise.catch(() => undefined);
    await Promise.allSettled(sources.map((source) => source.return(undefined as never)));
  }
}
