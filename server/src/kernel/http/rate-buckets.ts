/** One bucket that a call draws from. `space` and `id` name it: kept apart, so that no text is put together per call. */
export interface BucketDraw {
  readonly space: string;
  readonly id: string;
  readonly perSecond: number;
  readonly burst: number;
}

export interface DrawResult {
  readonly allowed: boolean;
  /** Tokens left in each bucket, after the draw if it was allowed. */
  readonly left: readonly number[];
}

/** Draws one token from every bucket, or none from any. */
export interface BucketStore {
  draw(draws: readonly BucketDraw[]): DrawResult | Promise<DrawResult>;
}

/** Answers at once, unlike stores elsewhere. */
export interface MemoryBuckets {
  draw(draws: readonly BucketDraw[]): DrawResult;
  readonly size: number;
}

interface Bucket {
  tokens: number;
  atMs: number;
}

/**
 * Buckets in this process's memory. Each space keeps at most
 * `maxBuckets`; the one that was filled first goes, so a flood from many addresses costs bounded memory.
 */
export function createMemoryBuckets(options: { now: () => number; maxBuckets?: number }): MemoryBuckets {
  const { now, maxBuckets = 10_000 } = options;
  const spaces = new Map<string, Map<string, Bucket>>();

  function bucketFor(draw: BucketDraw, nowMs: number): Bucket {
    let space = spaces.get(draw.space);
    if (space === undefined) {
      space = new Map();
      spaces.set(draw.space, space);
    }
    const known = space.get(draw.id);
    if (known !== undefined) {
      // Nothing grows while the clock is set back; it must not shrink either.
      const grown = known.tokens + (Math.max(0, nowMs - known.atMs) / 1_000) * draw.perSecond;
      known.tokens = Math.min(grown, draw.burst);
      known.atMs = nowMs;
      return known;
    }
    if (space.size >= maxBuckets) {
      const oldest = space.keys().next();
      if (!oldest.done) space.delete(oldest.value);
    }
    const fresh = { tokens: draw.burst, atMs: nowMs };
    space.set(draw.id, fresh);
    return fresh;
  }

  return {
    get size() {
      let size = 0;
      for (const space of spaces.values()) size += space.size;
      return size;
    },
    draw(draws) {
      const nowMs = now();
      const buckets: Bucket[] = [];
      let allowed = true;
      for (const draw of draws) {
        const bucket = bucketFor(draw, nowMs);
        if (bucket.tokens < 1) allowed = false;
        buckets.push(bucket);
      }
      const left: number[] = [];
      for (const bucket of buckets) {
        if (allowed) bucket.tokens -= 1;
        left.push(bucket.tokens);
      }
      return { allowed, left };
    },
  };
}
