import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import { fault } from '#base/fault.ts';
import { isPublicAddress } from '#kernel/http/public-address.ts';

/** One line of an allow-list. */
export interface HostPattern {
  /** Lower case, in ASCII; without the star. */
  readonly host: string;
  /** True for `*.host`: every name below, not the name itself. */
  readonly below: boolean;
  /** Null: 80 and 443. */
  readonly port: number | null;
}

const defaultPorts: readonly number[] = [80, 443];
const label = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;

function refuse(host: string, reason: string): Error {
  return fault('sandbox.host_invalid', { host: host.slice(0, 100), reason });
}

/**
 * Reads a line such as `example.org`, `*.example.org`, `example.org:8443` or `[2606:4700::1111]:443`.
 * @throws sandbox.host_invalid
 */
export function parseHostPattern(line: string): HostPattern {
  const match = /^(\*\.)?(\[[0-9a-f:.]+\]|[^:/@\s?#*[\]]+)(?::(\d{1,5}))?$/i.exec(line.trim());
  if (match === null) throw refuse(line, 'it is not a host name');
  const below = match[1] !== undefined;
  const port = match[3] === undefined ? null : Number(match[3]);
  if (port !== null && (port < 1 || port > 65_535)) throw refuse(line, 'the port must be from 1 to 65535');
  const host = canonicalHost(match[2] ?? '');
  if (host === null) throw refuse(line, 'it is not a host name');
  if (isIP(host) !== 0) {
    if (below) throw refuse(line, 'an address has no names below it');
    if (!isPublicAddress(host)) throw refuse(line, 'it is not an address on the public internet');
    return { host, below, port };
  }
  const labels = host.split('.');
  if (labels.length < 2) throw refuse(line, 'a whole domain name is needed');
  if (!labels.every((part) => label.test(part))) throw refuse(line, 'it is not a host name');
  if (labels.at(-1) === 'localhost' || labels.at(-1) === 'local' || labels.at(-1) === 'internal') {
    throw refuse(line, 'it is a name of a private network');
  }
  return { host, below, port };
}

/** The pattern as it is stored and shown. */
export function formatHostPattern({ host, below, port }: HostPattern): string {
  const name = isIP(host) === 6 ? `[${host}]` : host;
  return `${below ? '*.' : ''}${name}${port === null ? '' : `:${port}`}`;
}

/**
 * A host name or address in its one canonical spelling: lower case, ASCII, no dot at the end; addresses written as
 * decimal, octal or hexadecimal numbers become what they mean (WHATWG URL, host parsing). Null when it is neither.
 */
export function canonicalHost(text: string): string | null {
  const bare = text.endsWith('.') ? text.slice(0, -1) : text;
  if (bare === '' || bare.length > 253) return null;
  let hostname: string;
  try {
    hostname = new URL(`http://${isIP(bare) === 6 ? `[${bare}]` : bare}/`).hostname;
  } catch {
    return null;
  }
  if (hostname.startsWith('[')) return hostname.slice(1, -1);
  const ascii = domainToASCII(hostname);
  return ascii === '' ? null : ascii.toLowerCase();
}

/** Whether a canonical host and port are covered by one of the patterns. */
export function isAllowed(patterns: readonly HostPattern[], target: { host: string; port: number }): boolean {
  return patterns.some((pattern) => {
    const portFits =
      pattern.port === null ? defaultPorts.includes(target.port) : pattern.port === target.port;
    if (!portFits) return false;
    return pattern.below ? target.host.endsWith(`.${pattern.host}`) : target.host === pattern.host;
  });
}
