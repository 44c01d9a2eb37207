import { isFault } from '#base/fault.ts';
import type { HostLauncher } from './host-launch.ts';
import { startHost, type WasmHost } from './host-process.ts';

export interface PoolOptions {
  readonly launcher: HostLauncher;
  readonly newId: () => string;
  /** Hosts that wait for another call of the same user and project, of everybody together. */
  readonly idleHosts: number;
  /** How long one waits. */
  readonly idleMs: number;
}

interface Idle {
  readonly key: string;
  readonly host: WasmHost;
  readonly timer: NodeJS.Timeout;
}

/**
 * Hosts, each for one user and project for all its life: what a program left behind in one can't meet anybody else's. One
 * spare is started ahead from the first call on, so that a new user does not wait for Node to start; it goes again when
 * nobody has called for a while.
 */
export function createHostPool(options: PoolOptions) {
  const { launcher, newId } = options;
  const all = new Set<WasmHost>();
  let idle: Idle[] = [];
  let spare: WasmHost | null = null;
  let spareTimer: NodeJS.Timeout | null = null;
  let closed = false;

  function start(owner?: string): WasmHost {
    const host = startHost(launcher, newId(), owner);
    all.add(host);
    void host.gone.then(() => all.delete(host));
    return host;
  }

  function warmSpare(): void {
    if (closed) return;
    if (spare === null || !spare.usable()) spare = start();
    if (spareTimer !== null) clearTimeout(spareTimer);
    spareTimer = setTimeout(() => {
      spare?.kill();
      spare = null;
    }, options.idleMs * 5).unref();
  }

  function discard(entry: Idle): void {
    clearTimeout(entry.timer);
    idle = idle.filter((other) => other !== entry);
    entry.host.kill();
  }

  return {
    /** A host for this user and project alone, until it is given back. */
    take(key: string): WasmHost {
      const own = idle.find((entry) => entry.key === key && entry.host.usable());
      if (own !== undefined) {
        clearTimeout(own.timer);
        idle = idle.filter((entry) => entry !== own);
        return own.host;
      }
      const ready = spare?.usable() === true ? spare : start(key.slice(0, key.indexOf('\0')));
      spare = null;
      warmSpare();
      return ready;
    },

    /** As `take`, with the module compiled. A host that died while it waited is replaced by a new one. */
    async takeWith(key: string, module: { hash: string; bytes: () => Promise<Uint8Array> }) {
      for (let attempt = 1; ; attempt += 1) {
        const host = this.take(key);
        try {
          if (!host.loaded.has(module.hash)) await host.load(module.hash, await module.bytes());
          return host;
        } catch (error) {
          this.giveBack(key, host);
          if (attempt === 2 || !isFault(error, 'sandbox.start_failed')) throw error;
        }
      }
    },

    giveBack(key: string, host: WasmHost): void {
      if (!host.usable() || closed) {
        host.kill();
        return;
      }
      const entry: Idle = {
        key,
        host,
        timer: setTimeout(() => discard(entry), options.idleMs).unref(),
      };
      idle.push(entry);
      const oldest = idle[0];
      if (idle.length > options.idleHosts && oldest !== undefined) discard(oldest);
    },

    counts: () => ({ hosts: all.size, idle: idle.length }),

    /** Ends every host, busy or not, and waits until none is left. */
    async [Symbol.asyncDispose](): Promise<void> {
      closed = true;
      if (spareTimer !== null) clearTimeout(spareTimer);
      for (const entry of idle) clearTimeout(entry.timer);
      idle = [];
      const hosts = [...all];
      for (const host of hosts) host.kill();
      await Promise.all(hosts.map((host) => host.gone));
    },
  };
}

export type HostPool = ReturnType<typeof createHostPool>;
