import { wasi } from '@bjorn3/browser_wasi_shim';
import type { Fuel } from './fuel.ts';
import type { Readiness } from './streams.ts';

/** Time and chance as a program sees them. */
export interface World {
  /** Nanoseconds since 1970, or of a clock that never jumps. */
  now(clock: 'real' | 'monotonic'): bigint;
  sleep(nanoseconds: bigint): void;
  /** So much time was spent waiting for something else. */
  waited(nanoseconds: bigint): void;
  fill(bytes: Uint8Array): void;
}

/** 2020-01-01T00:00:00Z, when every program without a real clock begins. */
const beginningNs = 1_577_836_800_000_000_000n;

/**
 * A world in which nothing happens by chance: each unit of fuel takes a nanosecond, sleeping takes no time of anybody
 * else's, and random numbers follow from the seed. So two runs of one program are equal to the last unit of fuel.
 */
export function createVirtualWorld(fuel: Pick<Fuel, 'used'>, seed: number): World {
  let sleptNs = 0n;
  const next = generator(seed);
  return {
    now: (clock) => (clock === 'real' ? beginningNs : 0n) + sleptNs + BigInt(fuel.used),
    sleep(nanoseconds) {
      sleptNs += nanoseconds;
    },
    waited(nanoseconds) {
      sleptNs += nanoseconds;
    },
    fill(bytes) {
      for (let index = 0; index < bytes.length; index += 1) bytes[index] = next() & 0xff;
    },
  };
}

/** sfc32 of PractRand, started from one number; for reproducible chance only, never for secrets. */
function generator(seed: number): () => number {
  let [a, b, c, counter] = [0, seed | 0, Math.floor(seed / 2 ** 32) | 0, 1];
  const next = () => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + sum) | 0;
    return sum >>> 0;
  };
  for (let round = 0; round < 12; round += 1) next();
  return next;
}

/** The machine's own clock and randomness, each only where it was granted. */
export function createWorld(granted: {
  readonly clock: boolean;
  readonly random: boolean;
  readonly virtual: World;
}): World {
  const { virtual } = granted;
  const startedNs = process.hrtime.bigint();
  return {
    now(clock) {
      if (!granted.clock) return virtual.now(clock);
      return clock === 'real' ? BigInt(Date.now()) * 1_000_000n : process.hrtime.bigint() - startedNs;
    },
    sleep(nanoseconds) {
      if (granted.clock)
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, millisecondsOf(nanoseconds));
      else virtual.sleep(nanoseconds);
    },
    waited(nanoseconds) {
      if (!granted.clock) virtual.waited(nanoseconds);
    },
    fill(bytes) {
      if (!granted.random) return virtual.fill(bytes);
      // The most that one call gives (Web Cryptography API).
      for (let from = 0; from < bytes.length; from += 65_536)
        crypto.getRandomValues(bytes.subarray(from, from + 65_536));
    },
  };
}

const subscriptionBytes = 48;
const eventBytes = 32;
const mostSubscriptions = 64;

function millisecondsOf(nanoseconds: bigint): number {
  return Number(nanoseconds / 1_000n) / 1000;
}

/** Files that a program polls. */
export interface PolledFiles {
  /** `unknown` when there is no such descriptor; null when a read would wait, which only standard input does. */
  readonly readiness: (descriptor: number) => Readiness | 'unknown' | null;
  /** Waits for standard input. False when so much time has passed before. */
  readonly waitForInput: (milliseconds: number) => boolean;
}

interface PollPlace {
  readonly subscriptions: number;
  readonly events: number;
  readonly count: number;
}

/**
 * poll_oneoff of WASI preview 1: files and output are always ready, standard input when there is some, clocks when their time
 * has come. Waiting for input takes real time also where the clock is not granted: somebody writes it, at their own pace. The
 * clock of such a program moves on only when the time has passed without input.
 */
export function poll(
  view: DataView,
  at: PollPlace,
  { world, files }: { readonly world: World; readonly files: PolledFiles },
): { readonly ret: number; readonly ready: number } {
  if (at.count === 0 || at.count > mostSubscriptions) return { ret: wasi.ERRNO_INVAL, ready: 0 };
  const asked = Array.from({ length: at.count }, (_, index) =>
    readSubscription(view, at.subscriptions + index * subscriptionBytes, world),
  );
  const forInput = asked.some((one) => one.file !== null && files.readiness(one.file) === null);
  const waits = asked.flatMap(({ file, waitNs }) =>
    file === null ? [waitNs] : files.readiness(file) === null ? [] : [0n],
  );
  const shortest = waits.toSorted((left, right) => (left < right ? -1 : 1))[0] ?? null;
  let passed = shortest ?? 0n;
  if (shortest !== 0n) {
    if (!forInput) world.sleep(passed);
    else if (files.waitForInput(shortest === null ? Number.POSITIVE_INFINITY : millisecondsOf(shortest)))
      passed = 0n;
    else world.waited(passed);
  }
  let count = 0;
  for (const { userdata, type, file, waitNs } of asked) {
    const readiness = file === null ? null : files.readiness(file);
    if (file === null ? waitNs > passed : readiness === null) continue;
    const pointer = at.events + count * eventBytes;
    new Uint8Array(view.buffer, pointer, eventBytes).fill(0);
    view.setBigUint64(pointer, userdata, true);
    view.setUint8(pointer + 10, type);
    if (readiness === 'unknown') view.setUint16(pointer + 8, wasi.ERRNO_BADF, true);
    else if (readiness !== null) {
      view.setBigUint64(pointer + 16, BigInt(readiness.bytes), true);
      view.setUint16(pointer + 24, readiness.hangup ? wasi.EVENTRWFLAGS_FD_READWRITE_HANGUP : 0, true);
    }
    count += 1;
  }
  return { ret: wasi.ERRNO_SUCCESS, ready: count };
}

function readSubscription(view: DataView, pointer: number, world: World) {
  const userdata = view.getBigUint64(pointer, true);
  const type = view.getUint8(pointer + 8);
  if (type !== wasi.EVENTTYPE_CLOCK)
    return { userdata, type, file: view.getUint32(pointer + 16, true), waitNs: 0n };
  const clock = view.getUint32(pointer + 16, true) === wasi.CLOCKID_REALTIME ? 'real' : 'monotonic';
  const timeout = view.getBigUint64(pointer + 24, true);
  const absolute = (view.getUint16(pointer + 40, true) & wasi.SUBCLOCKFLAGS_SUBSCRIPTION_CLOCK_ABSTIME) !== 0;
  const waitNs = absolute ? timeout - world.now(clock) : timeout;
  return { userdata, type, file: null, waitNs: waitNs < 0n ? 0n : waitNs };
}
