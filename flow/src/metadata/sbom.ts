import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { flowVersion, type SourceInfo } from './source-info.ts';

interface Component {
  readonly type: 'library';
  readonly 'bom-ref': string;
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly hashes?: readonly { readonly alg: string; readonly content: string }[];
  readonly licenses?: readonly unknown[];
}

/**
 * The bill of materials: the packages that package-lock.json says the site ships (development ones left out), and workbox when
 * the flow made a service worker of it. CycloneDX 1.6; normalised: sorted, no build time, a serial number that comes from the
 * content.
 */
export async function renderSbom(input: {
  rootDir: string;
  source: SourceInfo;
  contentHash: string;
  hasWorker: boolean;
}): Promise<string> {
  const { source, contentHash } = input;
  const components = [
    ...(await lockedPackages(input.rootDir)),
    ...(input.hasWorker ? workboxPackages() : []),
  ];
  const unique = [...new Map(components.map((one) => [one.purl, one])).values()];
  unique.sort((a, b) => (a.purl < b.purl ? -1 : 1));
  const bom = {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:uuid:${contentUuid(`${contentHash}\0${source.commit}\0${JSON.stringify(unique)}`)}`,
    version: 1,
    metadata: {
      ...(source.committedAt === null ? {} : { timestamp: source.committedAt }),
      tools: { components: [{ type: 'application', name: 'cds flow', version: flowVersion() }] },
      component: {
        type: 'application',
        'bom-ref': 'site',
        name: source.name,
        ...(source.version === null ? {} : { version: source.version }),
        hashes: [{ alg: 'SHA-256', content: contentHash }],
      },
    },
    components: unique,
    dependencies: [{ ref: 'site', dependsOn: unique.map((one) => one['bom-ref']) }],
  };
  return `${JSON.stringify(bom, null, 2)}\n`;
}

async function lockedPackages(rootDir: string): Promise<Component[]> {
  const text = await readFile(path.join(rootDir, 'package-lock.json'), 'utf8').catch(() => null);
  if (text === null) return [];
  let lock: unknown;
  try {
    lock = JSON.parse(text);
  } catch {
    // npm refuses such a file itself, before it could have installed anything from it.
    return [];
  }
  const packages = isRecord(lock) && isRecord(lock.packages) ? lock.packages : {};
  return Object.entries(packages).flatMap(([place, entry]) => {
    const at = place.lastIndexOf('node_modules/');
    if (
      at === -1 ||
      !isRecord(entry) ||
      entry.dev === true ||
      entry.link === true ||
      typeof entry.version !== 'string'
    )
      return [];
    const name = typeof entry.name === 'string' ? entry.name : place.slice(at + 'node_modules/'.length);
    return [component({ name, version: entry.version, integrity: entry.integrity, license: entry.license })];
  });
}

/** The packages whose code workbox-build bundles into a worker. */
function workboxPackages(): Component[] {
  const require = createRequire(import.meta.url);
  const build = require.resolve('workbox-build/package.json');
  const inside = createRequire(build);
  return [
    'cacheable-response',
    'core',
    'expiration',
    'navigation-preload',
    'precaching',
    'routing',
    'strategies',
  ].map((part) => {
    const facts = inside(`workbox-${part}/package.json`) as { version: string; license: string };
    return component({ name: `workbox-${part}`, version: facts.version, license: facts.license });
  });
}

function component(facts: {
  name: string;
  version: string;
  integrity?: unknown;
  license?: unknown;
}): Component {
  const purl = `pkg:npm/${facts.name.replace('@', '%40')}@${facts.version}`;
  const digest =
    typeof facts.integrity === 'string' ? /^sha512-([A-Za-z0-9+/=]+)$/.exec(facts.integrity)?.[1] : undefined;
  return {
    type: 'library',
    'bom-ref': purl,
    name: facts.name,
    version: facts.version,
    purl,
    ...(digest === undefined
      ? {}
      : { hashes: [{ alg: 'SHA-512', content: Buffer.from(digest, 'base64').toString('hex') }] }),
    ...(typeof facts.license === 'string' ? { licenses: [license(facts.license)] } : {}),
  };
}

/** SPDX ids have no spaces; anything that joins them is an expression; the rest is a name. */
function license(text: string): unknown {
  if (/^[A-Za-z0-9.+-]+$/.test(text))
    return { license: { [/^(?:SEE|UNLICENSED)$/i.test(text) ? 'name' : 'id']: text } };
  return / (?:OR|AND|WITH) /.test(text) ? { expression: text } : { license: { name: text } };
}

/** A UUID made of a hash (RFC 9562, version 8). */
function contentUuid(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
