/** Hands on what arrives by callback to whoever iterates. The giver is bounded by what a program may write. */
export function createUpdateQueue<Item>() {
  const waiting: Item[] = [];
  let ended = false;
  let wake = () => {};
  return {
    push(item: Item): void {
      waiting.push(item);
      wake();
    },
    end(): void {
      ended = true;
      wake();
    },
    async *drain(): AsyncGenerator<Item, void, undefined> {
      for (;;) {
        const item = waiting.shift();
        if (item !== undefined) yield item;
        else if (ended) return;
        else
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
      }
    },
  };
}
