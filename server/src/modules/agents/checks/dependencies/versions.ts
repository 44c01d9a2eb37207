import type { Ecosystem } from './lock-files.ts';

/** Below zero when the first version is older; versions that cannot be read are older than all others. */
export function compareVersions(ecosystem: Ecosystem, first: string, second: string): number {
  const key = ecosystem === 'npm' ? semverKey : pythonKey;
  return compareKeys(key(first), key(second));
}

type Key = readonly (number | string)[][];

/** Numbers before texts, shorter before longer (Semantic Versioning 2.0.0, 11). */
function compareKeys(first: Key, second: Key): number {
  for (let part = 0; part < Math.max(first.length, second.length); part += 1) {
    const a = first[part] ?? [];
    const b = second[part] ?? [];
    for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
      const [left, right] = [a[index], b[index]];
      if (left === right) continue;
      if (left === undefined) return -1;
      if (right === undefined) return 1;
      if (typeof left === typeof right) return left < right ? -1 : 1;
      return typeof left === 'number' ? -1 : 1;
    }
  }
  return 0;
}

function semverKey(version: string): Key {
  const match = /^[v=\s]*(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:-([\w.-]+))?/.exec(version);
  if (match === null) return [[-1]];
  const [, major, minor = '0', patch = '0', before] = match;
  const release = [Number(major), Number(minor), Number(patch)];
  if (before === undefined) return [release, [1]];
  return [release, [0], before.split('.').map((part) => (/^\d+$/.test(part) ? Number(part) : part))];
}

/** PEP 440: epoch, release, then dev < a < b < rc < the release < post. */
function pythonKey(version: string): Key {
  const match =
    /^v?(?:(\d+)!)?(\d+(?:\.\d+)*)[-_.]?(?:(a|b|c|rc|alpha|beta|pre|preview)[-_.]?(\d*))?[-_.]?(?:(post|rev|r)[-_.]?(\d*))?[-_.]?(?:dev[-_.]?(\d*))?/i.exec(
      version.trim().toLowerCase(),
    );
  if (match === null) return [[-1]];
  const [, epoch = '0', release = '0', before, beforeNumber = '0', post, postNumber = '0', dev] = match;
  const numbers = release.split('.').map(Number);
  while (numbers.length > 1 && numbers.at(-1) === 0) numbers.pop();
  const stage =
    before === undefined
      ? dev !== undefined && post === undefined
        ? 0
        : 4
      : before.startsWith('a')
        ? 1
        : before.startsWith('b')
          ? 2
          : 3;
  return [
    [Number(epoch)],
    // A marker smaller than every number ends the release: 1.2 is older than 1.2.1.
    [...numbers, -1],
    [stage, Number(beforeNumber || 0), post === undefined ? -1 : Number(postNumber || 0)],
    [dev === undefined ? Number.MAX_SAFE_INTEGER : Number(dev || 0)],
  ];
}
