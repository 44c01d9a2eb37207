import type { Agent } from 'undici';
import type { Call, Contract } from '#base/contract.ts';
import { Fault, fault } from '#base/fault.ts';
import type { PeerDirectory } from './peers.ts';
import { signBody } from './signature.ts';

/** The body of a call between processes. */
export interface InternalCall {
  readonly method: string;
  readonly params: unknown;
  readonly principal: Call['principal'];
  readonly traceId: string;
  readonly address: string;
  readonly language: Call['language'];
}

/** One line of an answer: a unary call has one, a stream many. */
export type InternalAnswer =
  | { readonly chunk: unknown }
  | { readonly result: unknown }
  | {
      readonly fault: {
        readonly code: string;
        readonly data: Record<string, unknown>;
        readonly hint?: string;
      };
    };

export interface RemoteClientOptions {
  readonly peers: PeerDirectory;
  readonly key: Buffer;
  /** This process, as the others know it. */
  readonly instanceId: string;
  readonly now: () => number;
}

export interface RemoteTransport extends AsyncDisposable {
  call(contract: Contract, method: string, input: { params: unknown; call: Call }): Promise<unknown>;
  stream(
    contract: Contract,
    method: string,
    input: { params: unknown; call: Call },
  ): AsyncGenerator<unknown, unknown, undefined>;
}

/** 421 of RFC 9110: another process has taken over the address since. */
const misdirected = 421;
const neverSent = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH', 'UND_ERR_CONNECT_TIMEOUT']);

/**
 * Calls methods of modules that run in other processes. A call is repeated on another instance only when it
 * never left (connection refused), or came to a process that it was not meant for; anything else could run it twice.
 */
export function createRemoteTransport(options: RemoteClientOptions): RemoteTransport {
  const { peers, key, now, instanceId } = options;
  let agent: Agent | undefined;
  let calls = 0;

  /** Loaded with the first call: the one-process form has none, and starts sooner without it. */
  async function client() {
    const undici = await import('undici');
    agent ??= new undici.Agent({
      keepAliveTimeout: 4_000,
      connect: { timeout: 2_000 },
      bodyTimeout: 0,
      headersTimeout: 0,
    });
    return { request: undici.request, dispatcher: agent };
  }

  function sign(body: string, to: string): string {
    calls += 1;
    return signBody(key, body, { sentMs: now(), from: instanceId, to, number: calls });
  }

  async function send(contract: Contract, body: string, signal: AbortSignal) {
    let lastError: unknown;
    const { request, dispatcher } = await client();
    const met = new Set<string>();
    for (let peer = await next(); peer !== undefined; peer = await next()) {
      met.add(peer.instanceId);
      try {
        const response = await request(`${peer.url}/internal/rpc`, {
          dispatcher,
          method: 'POST',
          signal,
          headers: {
            'content-type': 'application/json',
            'x-cds-signature': sign(body, peer.instanceId),
          },
          body,
        });
        if (response.statusCode !== misdirected) return response;
        await response.body.dump();
        peers.suspect(peer);
      } catch (error) {
        if (signal.aborted)
          throw signal.reason instanceof Fault
            ? signal.reason
            : fault('common.cancelled', {}, { cause: error });
        if (!neverSent.has((error as NodeJS.ErrnoException).code ?? '')) {
          throw fault('common.unavailable', { service: contract.name }, { cause: error });
        }
        peers.suspect(peer);
        lastError = error;
      }
    }
    throw fault('common.unavailable', { service: contract.name }, { cause: lastError });

    /** Read anew each time: whoever took the place of a process that has gone is in it. */
    async function next() {
      return (await peers.locate(contract.name)).find((peer) => !met.has(peer.instanceId));
    }
  }

  async function* lines(contract: Contract, method: string, input: { params: unknown; call: Call }) {
    const { call, params } = input;
    const internal: InternalCall = {
      method,
      params,
      principal: call.principal,
      traceId: call.traceId,
      address: call.address,
      language: call.language,
    };
    const response = await send(contract, JSON.stringify(internal), call.signal);
    let rest = '';
    response.body.setEncoding('utf8');
    try {
      for await (const part of response.body) {
        rest += part as string;
        let end = rest.indexOf('\n');
        while (end >= 0) {
          yield JSON.parse(rest.slice(0, end)) as InternalAnswer;
          rest = rest.slice(end + 1);
          end = rest.indexOf('\n');
        }
      }
    } catch (error) {
      if (call.signal.aborted) throw fault('common.cancelled', {}, { cause: error });
      throw fault('common.unavailable', { service: contract.name }, { cause: error });
    }
  }

  async function* stream(contract: Contract, method: string, input: { params: unknown; call: Call }) {
    for await (const answer of lines(contract, method, input)) {
      if ('fault' in answer) throw fault(answer.fault.code, answer.fault.data, hintOf(answer.fault.hint));
      if ('result' in answer) return answer.result;
      yield answer.chunk;
    }
    throw fault('common.unavailable', { service: contract.name });
  }

  return {
    stream,
    async call(contract, method, input) {
      const step = await stream(contract, method, input).next();
      return step.value;
    },
    [Symbol.asyncDispose]: async () => agent?.destroy(),
  };
}

function hintOf(hint: string | undefined): { hint?: string } {
  return hint === undefined ? {} : { hint };
}
