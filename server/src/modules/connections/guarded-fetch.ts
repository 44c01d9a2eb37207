import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { fault } from '#base/fault.ts';
import { isPublicAddress } from '#kernel/http/public-address.ts';

export interface GuardedFetchOptions {
  readonly url: URL;
  /** Hosts with ports that whoever runs the server has granted although they are private. */
  readonly privateHosts: readonly string[];
  /** Whether the project was granted the host. */
  readonly granted: (target: { host: string; port: number }) => Promise<boolean>;
  /** Most bytes of one answer, decompressed. */
  readonly answerBytes: number;
  readonly name: string;
}

type FetchLike = (url: string | URL, init?: RequestInit) => Promise<Response>;

/**
 * A fetch for one server of others: to its own origin alone, without redirects, to an address that was judged after the
 * name was resolved, and only so many bytes. Asks for the grant at each request, so that taking it back works at once.
 */
export async function createGuardedFetch(
  options: GuardedFetchOptions,
): Promise<{ fetch: FetchLike } & AsyncDisposable> {
  const { Agent, fetch: send } = await import('undici');
  const { url, name, answerBytes } = options;
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
  const privateGrant = options.privateHosts.includes(`${url.hostname}:${port}`);
  const judge = (address: string) => privateGrant || isPublicAddress(address);

  const agent = new Agent({
    connections: 8,
    connect: {
      // The address that is judged is the one that is connected to: a name cannot change in between.
      lookup: (hostname, _options, done) => {
        lookup(hostname, { all: true }).then(
          (found) => {
            const refused = found.length === 0 || found.some(({ address }) => !judge(address));
            if (refused) done(fault('connections.host_refused', { host: hostname }), []);
            else done(null, found);
          },
          (error: NodeJS.ErrnoException) => done(error, []),
        );
      },
    },
  });

  return {
    async fetch(target, init) {
      const asked = new URL(target);
      if (asked.origin !== url.origin) throw fault('connections.host_refused', { host: asked.host });
      if (!privateGrant) {
        const allowed = await options.granted({ host, port });
        if (!allowed || (isIP(host) !== 0 && !judge(host)))
          throw fault('connections.host_refused', { host: url.host });
      }
      const response = await send(asked, { ...(init as object), redirect: 'manual', dispatcher: agent });
      if (response.status >= 300 && response.status < 400) {
        await response.body?.cancel();
        throw fault('connections.start_failed', { name, reason: 'it redirects elsewhere' });
      }
      return bounded(response as unknown as Response, answerBytes, name);
    },
    [Symbol.asyncDispose]: () => agent.destroy(),
  };
}

function bounded(response: Response, limitBytes: number, name: string): Response {
  if (response.body === null) return response;
  let bytes = 0;
  const counted = response.body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(piece, controller) {
        bytes += piece.length;
        if (bytes > limitBytes) controller.error(fault('connections.answer_too_large', { name, limitBytes }));
        else controller.enqueue(piece);
      },
    }),
  );
  const { status, statusText, headers } = response;
  return new Response(counted, { status, statusText, headers });
}
