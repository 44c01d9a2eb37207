import { lookup } from 'node:dns/promises';
import { FlowFault } from '../core/fault.ts';

/** One server that answers for the site. */
export type Edge = Readonly<{ name: string; connectTo: Readonly<{ host: string; port: number }> }>;

/**
 * The edges to ask: those of the settings, else every address that the host name resolves to.
 * @throws verify.unresolved
 */
export async function findEdges(siteUrl: string, configured: readonly string[]): Promise<Edge[]> {
  const url = new URL(siteUrl);
  const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80);
  if (configured.length > 0) return configured.map((text) => parseEdge(text, port));
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const addresses = await lookup(host, { all: true }).catch((cause: unknown) => {
    throw new FlowFault('verify.unresolved', {
      text: { en: `The name ${host} does not resolve.`, de: `Der Name ${host} lässt sich nicht auflösen.` },
      fix: { en: 'Check site.url and DNS.', de: 'site.url und DNS prüfen.' },
      cause,
    });
  });
  const unique = [...new Set(addresses.map(({ address }) => address))];
  return unique.map((address) => ({ name: address, connectTo: { host: address, port } }));
}

function parseEdge(text: string, defaultPort: number): Edge {
  const match = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(text);
  const host = match?.[1] ?? match?.[2] ?? text;
  return { name: text, connectTo: { host, port: match?.[3] ? Number(match[3]) : defaultPort } };
}
