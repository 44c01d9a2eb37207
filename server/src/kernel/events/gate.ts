/** Lets a bounded number of tasks run at once; the others wait in order. */
export interface Gate {
  run<Result>(task: () => Promise<Result>): Promise<Result>;
}

export function createGate(width: number): Gate {
  const waiting: (() => void)[] = [];
  let free = width;
  return {
    async run(task) {
      if (free > 0) free -= 1;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      try {
        return await task();
      } finally {
        const next = waiting.shift();
        if (next === undefined) free += 1;
        else next();
      }
    },
  };
}
