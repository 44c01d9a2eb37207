import assert from 'node:assert/strict';
import { networkInterfaces } from 'node:os';
import test from 'node:test';
import { isFault } from '#base/fault.ts';
import { isPublicAddress } from '#kernel/http/public-address.ts';
import { canonicalHost, formatHostPattern, isAllowed, parseHostPattern } from './host-pattern.ts';

test('reads names, names below a name, ports and addresses, in one spelling', () => {
  for (const [line, stored] of [
    ['example.org', 'example.org'],
    [' EXAMPLE.org. ', 'example.org'],
    ['*.example.org', '*.example.org'],
    ['example.org:8443', 'example.org:8443'],
    ['bücher.example', 'xn--bcher-kva.example'],
    ['1.1.1.1', '1.1.1.1'],
    ['[2606:4700:4700::1111]:443', '[2606:4700:4700::1111]:443'],
  ] as const) {
    assert.equal(formatHostPattern(parseHostPattern(line)), stored, line);
  }
});

test('refuses what is no public host', () => {
  for (const line of [
    ...['*', '*.', 'org', 'localhost', 'a.localhost', 'printer.local', 'metadata.google.internal', ''],
    ...['http://example.org', 'example.org/path', 'user@example.org', 'example.org:0', 'example.org:70000'],
    ...[
      '127.0.0.1',
      '10.0.0.1',
      '169.254.169.254',
      '2130706433.',
      '0x7f.1',
      '[::1]',
      '[::ffff:8.8.8.8]',
      '*.1.1.1.1',
    ],
    ...[
      'a b.example',
      'exa#mple.org',
      'exa?mple.org',
      '*.*.example.org',
      '-x.example.org',
      `${'a'.repeat(64)}.org`,
    ],
  ]) {
    assert.throws(
      () => parseHostPattern(line),
      (error) => isFault(error, 'sandbox.host_invalid'),
      line,
    );
  }
});

test('a host is allowed by its own line only', () => {
  const patterns = ['example.org', '*.wide.example', 'odd.example:8443'].map(parseHostPattern);
  const allowed = (host: string, port: number) => isAllowed(patterns, { host, port });
  assert.equal(allowed('example.org', 443), true);
  assert.equal(allowed('example.org', 80), true);
  assert.equal(allowed('example.org', 22), false);
  assert.equal(allowed('www.example.org', 443), false);
  assert.equal(allowed('example.org.evil.example', 443), false);
  assert.equal(allowed('a.b.wide.example', 443), true);
  assert.equal(allowed('wide.example', 443), false);
  assert.equal(allowed('evilwide.example', 443), false);
  assert.equal(allowed('odd.example', 8443), true);
  assert.equal(allowed('odd.example', 443), false);
});

test('addresses in disguise become what they mean', () => {
  for (const text of ['2130706433', '0x7f000001', '0177.0.0.1', '127.1', '127.0.0.1.']) {
    assert.equal(canonicalHost(text), '127.0.0.1', text);
  }
  assert.equal(canonicalHost('::FFFF:127.0.0.1'), '::ffff:7f00:1');
  assert.equal(canonicalHost('bad host'), null);
});

test('only addresses on the public internet are public', () => {
  for (const address of ['1.1.1.1', '93.184.216.34', '172.32.0.1', '2606:4700:4700::1111']) {
    assert.equal(isPublicAddress(address), true, address);
  }
  for (const address of [
    ...['0.0.0.0', '10.1.2.3', '100.64.0.1', '127.0.0.1', '127.255.255.254', '169.254.169.254', '172.16.0.1'],
    ...[
      '172.31.255.255',
      '192.0.0.1',
      '192.168.1.1',
      '198.18.0.1',
      '224.0.0.1',
      '240.0.0.1',
      '255.255.255.255',
    ],
    ...[
      '168.63.129.16',
      '::',
      '::1',
      '::ffff:1.1.1.1',
      '::ffff:7f00:1',
      '64:ff9b::101:101',
      'fc00::1',
      'fd00:ec2::254',
    ],
    ...['fe80::1', 'ff02::1', '2002:7f00:1::', '2001::1', '2001:db8::1', 'name', ''],
  ]) {
    assert.equal(isPublicAddress(address), false, address);
  }
  for (const { address } of Object.values(networkInterfaces()).flatMap((list) => list ?? [])) {
    assert.equal(isPublicAddress(address), false, `${address} is this machine`);
  }
});
