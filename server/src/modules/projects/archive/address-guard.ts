import { lookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';
import { fault } from '#base/fault.ts';

/** Networks that are not the public internet (IANA special-purpose registries, RFC 6890). */
const special: readonly [string, number, 'ipv4' | 'ipv6'][] = [
  ['0.0.0.0', 8, 'ipv4'],
  ['10.0.0.0', 8, 'ipv4'],
  ['100.64.0.0', 10, 'ipv4'],
  ['127.0.0.0', 8, 'ipv4'],
  ['169.254.0.0', 16, 'ipv4'],
  ['172.16.0.0', 12, 'ipv4'],
  ['192.0.0.0', 24, 'ipv4'],
  ['192.0.2.0', 24, 'ipv4'],
  ['192.88.99.0', 24, 'ipv4'],
  ['192.168.0.0', 16, 'ipv4'],
  ['198.18.0.0', 15, 'ipv4'],
  ['198.51.100.0', 24, 'ipv4'],
  ['203.0.113.0', 24, 'ipv4'],
  ['224.0.0.0', 3, 'ipv4'],
];

/** Of IPv6 only global unicast counts as public, without the ranges in it that carry IPv4 or are documentation. */
const publicV6 = new BlockList();
publicV6.addSubnet('2000::', 3, 'ipv6');
const specialV6 = new BlockList();
for (const [network, bits] of [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const)
  specialV6.addSubnet(network, bits, 'ipv6');
const specialV4 = new BlockList();
for (const [network, bits, family] of special) specialV4.addSubnet(network, bits, family);

/** True for an address that any client on the internet could reach, too. */
export function isPublicAddress(address: string): boolean {
  switch (isIP(address)) {
    case 4:
      return !specialV4.check(address, 'ipv4');
    case 6:
      return publicV6.check(address, 'ipv6') && !specialV6.check(address, 'ipv6');
    default:
      return false;
  }
}

export interface GuardOptions {
  /** Hosts that may be private, as the administrator named them. */
  readonly privateHosts: readonly string[];
}

/**
 * Looks a host up, and answers an address of it that may be connected to. Connect to that address, not to the
 * name: a second look-up could answer another one.
 * @throws projects.import_url_refused when one of its addresses is not public, projects.import_failed
 */
export async function resolvePublic(host: string, { privateHosts }: GuardOptions): Promise<string> {
  const plain = host.replace(/^\[|\]$/g, '');
  const addresses = await lookup(plain, { all: true }).catch((error: unknown) => {
    throw fault('projects.import_failed', { reason: 'the host was not found' }, { cause: error });
  });
  const allowed = privateHosts.includes(plain.toLowerCase());
  if (!allowed && !addresses.every(({ address }) => isPublicAddress(address))) {
    throw fault('projects.import_url_refused', { reason: 'the host is in a private network' });
  }
  const first = addresses[0];
  if (first === undefined) throw fault('projects.import_failed', { reason: 'the host was not found' });
  return first.address;
}

export interface GitAddress {
  readonly scheme: 'https' | 'ssh' | 'git';
  readonly host: string;
  readonly port: number | null;
  readonly user: string | null;
  /** Begins with a slash. */
  readonly path: string;
  /** The address in its normal form. */
  readonly url: string;
  /** What a project is called when nobody names it. */
  readonly name: string;
}

const scpForm = /^(?<user>[A-Za-z0-9_][\w.-]*)@(?<host>[A-Za-z0-9][\w.-]*):(?<path>[^/:][^:]*)$/;

/**
 * Reads the address of a repository. Only https, ssh and git are allowed; what git or ssh could take for an option,
 * a password in the address, and control characters are refused.
 * @throws projects.import_url_refused
 */
export function parseGitAddress(text: string): GitAddress {
  const refuse = (reason: string) => fault('projects.import_url_refused', { reason });
  if (/[\p{Cc}\s\\]/u.test(text)) throw refuse('it contains spaces or control characters');
  const scp = scpForm.exec(text)?.groups;
  const spelled = scp === undefined ? text : `ssh://${scp.user}@${scp.host}/${scp.path}`;
  if (!URL.canParse(spelled)) throw refuse('it is no address');
  const url = new URL(spelled);
  const scheme = url.protocol.slice(0, -1);
  if (scheme !== 'https' && scheme !== 'ssh' && scheme !== 'git')
    throw refuse('only https, ssh and git addresses are allowed');
  const host = url.hostname.toLowerCase();
  if (host === '' || !/^(\[[0-9a-f:.]+\]|[a-z0-9_][a-z0-9_.-]*)$/.test(host))
    throw refuse('its host is not valid');
  if (url.password !== '' || (scheme !== 'ssh' && url.username !== ''))
    throw refuse('it must not contain a user name or password');
  const user = url.username;
  if (user !== '' && !/^[A-Za-z0-9_][\w.-]*$/.test(user)) throw refuse('its user name is not valid');
  const path = decoded(url.pathname);
  if (path === undefined || /^\/*-/.test(path) || path.length < 2) throw refuse('its path is not valid');
  if (/[\p{Cc}]/u.test(path) || url.search !== '' || url.hash !== '') throw refuse('its path is not valid');
  return {
    scheme,
    host,
    port: url.port === '' ? null : Number(url.port),
    user: user === '' ? null : user,
    path: url.pathname,
    url: url.href,
    name: nameOf(path),
  };
}

function decoded(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

function nameOf(path: string): string {
  const last = path.replace(/\/+$/, '').split('/').at(-1) ?? '';
  return last.replace(/\.git$/, '').slice(0, 100) || 'repository';
}
