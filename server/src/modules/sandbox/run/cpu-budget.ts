import { fault } from '#base/fault.ts';

const hourMs = 3_600_000;
/** Users whose budget is full again are forgotten when so many are known. */
const mostKnown = 10_000;

interface Level {
  /** Milliseconds of processor time that are left; below zero when a running program used more. */
  leftMs: number;
  atMs: number;
}

/**
 * How much processor time each user may spend in an hour, over all engines. A token bucket: it fills evenly, so whoever has
 * spent everything waits minutes, not the hour. Kept in memory; a restart forgives.
 */
export function createCpuBudget(options: {
  readonly secondsPerHour: number;
  readonly elapsed: () => number;
}) {
  const capacityMs = options.secondsPerHour * 1000;
  const perMs = capacityMs / hourMs;
  const levels = new Map<string, Level>();

  function levelOf(userId: string): Level {
    const nowMs = options.elapsed();
    const known = levels.get(userId) ?? { leftMs: capacityMs, atMs: nowMs };
    const leftMs = Math.min(capacityMs, known.leftMs + (nowMs - known.atMs) * perMs);
    return { leftMs, atMs: nowMs };
  }

  return {
    /** @throws sandbox.cpu_quota with the time after which a twentieth of the budget is there again */
    assertLeft(userId: string): void {
      const { leftMs } = levelOf(userId);
      if (leftMs > 0) return;
      const retryAfterMs = Math.ceil((capacityMs / 20 - leftMs) / perMs);
      throw fault('sandbox.cpu_quota', {
        limitSeconds: options.secondsPerHour,
        retryAfterMs,
        minutes: Math.ceil(retryAfterMs / 60_000),
      });
    },
    spend(userId: string, cpuMs: number): void {
      const level = levelOf(userId);
      level.leftMs -= cpuMs;
      levels.set(userId, level);
      if (levels.size <= mostKnown) return;
      for (const known of levels.keys()) if (levelOf(known).leftMs >= capacityMs) levels.delete(known);
    },
  };
}
