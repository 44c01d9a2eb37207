import { setTimeout as sleep } from 'node:timers/promises';
import { fault, isFault } from '#base/fault.ts';
import type { Principal } from '#base/principal.ts';
import type { Accounting, Bill } from './accounting/accounting.ts';
import { createMeter, type Meter } from './accounting/meter.ts';
import type { Activity } from './activity.ts';
import type { Candidates } from './candidates.ts';
import { type InferenceMetrics, outcomeOf } from './metrics.ts';
import type { RoutingTable } from './routing.ts';
import type { InferenceRequest, QueuePlace, RunOptions, Source } from './source.ts';

export interface InferenceCall {
  readonly user: Principal;
  readonly request: InferenceRequest;
  /** Which path or method asked. */
  readonly endpoint: string;
  readonly requestId: string;
  /** The client named the id: its repetition is told, not carried out. */
  readonly repeatable: boolean;
  readonly signal: AbortSignal;
  /** @see RunOptions.onQueued */
  readonly onQueued?: (place: QueuePlace) => void;
}

/** A candidate that has begun to answer. */
export interface Opened<Value> {
  readonly value: Value;
  /** Charges what the meter says, once; a second call gives the first one's bill. */
  settle(): Promise<Bill>;
  firstToken(): void;
  /** Must be called at the end, with what went wrong. */
  close(error?: unknown): void;
  /** Ends it unbilled: another candidate was faster. */
  abandon(): Promise<void>;
}

export interface Opening<Value> {
  /** Resolves once the answer has begun; until then another candidate may be tried. */
  run(source: Source, request: InferenceRequest, options: RunOptions): Promise<Value>;
  /** Ends an answer that lost against another one. */
  discard(value: Value): Promise<void>;
}

export interface Attempts {
  /** @throws the last candidate's fault when none can answer */
  open<Value>(call: InferenceCall, opening: Opening<Value>): Promise<Opened<Value>>;
}

export interface AttemptsDeps {
  readonly candidates: Candidates;
  readonly routing: RoutingTable;
  readonly accounting: Accounting;
  readonly metrics: InferenceMetrics;
  readonly activity: Activity;
  /** Milliseconds that only go forward. */
  readonly nowMs: () => number;
}

/** Faults after which another model may do better; all others are about the request or the user. */
const worthAnother: ReadonlySet<string> = new Set([
  'llm.provider_refused',
  'llm.provider_failed',
  'llm.provider_limited',
  'llm.provider_timeout',
  'llm.stream_broken',
  'llm.queue_full',
  'llm.memory_exceeded',
  'llm.engine_failed',
  'llm.model_unreadable',
]);

function isWorthAnother(error: unknown): boolean {
  return isFault(error) && worthAnother.has(error.code);
}

/**
 * Whether something was used that is paid for. A provider charges a prompt as soon as it has accepted it; what this
 * machine has read of one is nobody's cost.
 */
function hasUsed(source: Source, meter: Readonly<Meter>): boolean {
  return meter.completionTokens > 0 || (source.origin !== 'local' && meter.promptTokens > 0);
}

interface Contestant {
  readonly source: Source;
  readonly requestId: string;
  /** Fires when a rival has won. */
  readonly lost?: AbortSignal;
  /** True when no rival can be billed any more: it has failed too, or was never there. */
  readonly isLast: () => boolean;
}

/**
 * Tries candidates one after the other until one has begun to answer. Each holds tokens of its own while it is tried,
 * at its own price, and gives them back when it fails or loses: a request is billed once, for the one that answered.
 */
export function createAttempts(deps: AttemptsDeps): Attempts {
  const { candidates, routing, accounting, metrics, activity, nowMs } = deps;

  async function attempt<Value>(
    call: InferenceCall,
    { source, requestId, lost, isLast }: Contestant,
    opening: Opening<Value>,
  ): Promise<Opened<Value>> {
    const { user, endpoint, request } = call;
    const signal = lost === undefined ? call.signal : AbortSignal.any([call.signal, lost]);
    const { model, price } = source;
    const amount = await source.estimate(request, { userId: user.userId, signal });
    const hold = await accounting.hold({
      user,
      requestId,
      repeatable: call.repeatable,
      model,
      endpoint,
      price,
      ...amount,
    });
    const meter = createMeter();
    const running = metrics.begin(model);
    const beganMs = nowMs();
    let firstTokenMs: number | null = null;
    const ended = (error: unknown) => {
      running.ended({ error, completionTokens: meter.completionTokens });
      activity.note({
        username: user.username,
        model,
        endpoint,
        promptTokens: meter.promptTokens,
        completionTokens: meter.completionTokens,
        firstTokenMs,
        durationMs: Math.round(nowMs() - beganMs),
        outcome: outcomeOf(error),
      });
    };
    let bill: Promise<Bill> | undefined;
    const settle = () => (bill ??= hold.settle(meter));
    try {
      const value = await opening.run(source, request, {
        userId: user.userId,
        signal,
        ...(lost === undefined ? {} : { lost }),
        meter,
        ...(call.onQueued === undefined ? {} : { onQueued: call.onQueued }),
      });
      return {
        value,
        settle,
        firstToken() {
          firstTokenMs = Math.round(nowMs() - beganMs);
          running.firstToken();
        },
        close: ended,
        async abandon() {
          running.ended({ error: fault('common.cancelled'), completionTokens: 0 });
          await hold.release();
        },
      };
    } catch (error) {
      ended(error);
      // Who leaves pays for what was used; a failure of ours or of a provider, and a lost race, cost nothing.
      const left = call.signal.aborted && lost?.aborted !== true;
      if (isLast() && left && hasUsed(source, meter)) await settle();
      else await hold.release();
      throw error;
    }
  }

  /** The second starts when the first is silent for too long, or fails; the slower one is ended and not billed. */
  async function race<Value>(
    call: InferenceCall,
    contest: {
      readonly pair: readonly [Contestant, Contestant];
      readonly afterMs: number;
      readonly opening: Opening<Value>;
    },
  ): Promise<Opened<Value>> {
    const [firstOne, secondOne] = contest.pair;
    const { opening } = contest;
    const controllers = [new AbortController(), new AbortController()] as const;
    const waiting = new AbortController();
    const running = new Set<0 | 1>();
    const run = async (place: 0 | 1, contestant: Contestant) => {
      running.add(place);
      const isLast = () => running.delete(place) && running.size === 0;
      const contender = { ...contestant, lost: controllers[place].signal, isLast };
      return { place, opened: await attempt(call, contender, opening) };
    };
    const first = run(0, firstOne);
    first.catch((error: unknown) => {
      if (!isWorthAnother(error)) controllers[1].abort(error);
      waiting.abort();
    });
    const second = sleep(contest.afterMs, undefined, { signal: waiting.signal, ref: false })
      .catch(() => undefined)
      .then(() => {
        call.signal.throwIfAborted();
        controllers[1].signal.throwIfAborted();
        return run(1, secondOne);
      });
    try {
      const winner = await Promise.any([first, second]);
      const loser = winner.place === 0 ? 1 : 0;
      controllers[loser].abort(fault('common.cancelled'));
      waiting.abort();
      const late = async ({ opened }: { readonly opened: Opened<Value> }) => {
        await opening.discard(opened.value);
        await opened.abandon();
      };
      (loser === 0 ? first : second).then(late).catch(() => undefined);
      return winner.opened;
    } catch (error) {
      // Both failed: the first one's reason is that of the model which was asked for.
      throw error instanceof AggregateError ? error.errors[0] : error;
    }
  }

  return {
    async open(call, opening) {
      const { sources, temperature } = await candidates.forRequest(call.request);
      const asked: InferenceCall = { ...call, request: withTemperature(call.request, temperature) };
      const { hedgeAfterMs } = await routing.read();
      let failure: unknown;
      for (let index = 0; index < sources.length; index += 1) {
        const source = sources[index];
        if (source === undefined) break;
        // Models of this machine share its processor: two at once would only be slower. And what a client has named
        // itself stands once in the ledger: a repetition must find it, whoever has answered.
        const alone = hedgeAfterMs === null || source.origin === 'local' || call.repeatable;
        const rival = alone ? undefined : sources[index + 1];
        const own = { source, requestId: call.requestId, isLast: () => true };
        try {
          if (rival === undefined || hedgeAfterMs === null) return await attempt(asked, own, opening);
          index += 1;
          const other = { ...own, source: rival, requestId: `${call.requestId}:hedge` };
          return await race(asked, { pair: [own, other], afterMs: hedgeAfterMs, opening });
        } catch (error) {
          if (call.signal.aborted || !isWorthAnother(error)) throw error;
          failure ??= error;
          metrics.fellBack(source.model);
        }
      }
      throw failure;
    },
  };
}

/** The task's temperature, for callers that ask for none. */
function withTemperature(request: InferenceRequest, temperature: number | undefined): InferenceRequest {
  if (temperature === undefined || request.kind === 'embedding') return request;
  if (request.body.temperature !== undefined && request.body.temperature !== null) return request;
  return request.kind === 'chat'
    ? { kind: 'chat', body: { ...request.body, temperature } }
    : { kind: 'completion', body: { ...request.body, temperature } };
}
