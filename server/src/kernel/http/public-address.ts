import { BlockList, isIP } from 'node:net';
import { networkInterfaces } from 'node:os';

/** Addresses of IPv4 that are nobody's or somebody's own (RFC 6890 and its registry), and a cloud's metadata service. */
const refusedIpv4: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['168.63.129.16', 32],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
];

/**
 * Within 2000::/3, the only part of IPv6 that is public: documentation, and the ways to wrap an IPv4 address that would lead
 * around the list above (Teredo, 6to4).
 */
const refusedIpv6: readonly (readonly [string, number])[] = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
];

const refused = new BlockList();
for (const [network, prefix] of refusedIpv4) refused.addSubnet(network, prefix, 'ipv4');
for (const [network, prefix] of refusedIpv6) refused.addSubnet(network, prefix, 'ipv6');
const publicIpv6 = new BlockList();
publicIpv6.addSubnet('2000::', 3, 'ipv6');

/**
 * True for an address on the public internet that is not this machine's own. Everything else is refused: private, link-local
 * (metadata services), loopback, multicast, reserved, and IPv4 in the clothes of IPv6.
 */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 0) return false;
  if (ownAddresses().has(address)) return false;
  if (family === 4) return !refused.check(address, 'ipv4');
  return publicIpv6.check(address, 'ipv6') && !refused.check(address, 'ipv6');
}

/** Addresses of this machine, public ones too: its firewall does not see what comes from the machine itself. */
function ownAddresses(): Set<string> {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return new Set(addresses.map(({ address }) => address));
}
