import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';

/** O_CLOEXEC in /proc/self/fdinfo, octal. */
const closeOnExec = 0o2000000;

/**
 * Descriptors above standard error that this process was given by whoever started it (a shell, a service manager, a
 * pipeline) and would hand on to its children. Everything that Node opens itself closes when a child starts.
 */
export function inheritedDescriptors(): number[] {
  return readdirSync('/proc/self/fd')
    .map(Number)
    .filter((descriptor) => {
      if (descriptor <= 2) return false;
      try {
        const info = readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8');
        const flags = /^flags:\s+([0-7]+)/m.exec(info)?.[1];
        return flags !== undefined && (Number.parseInt(flags, 8) & closeOnExec) === 0;
      } catch {
        return false;
      }
    });
}

/** Stands in for inherited descriptors in children: they find /dev/null where the server has, say, somebody's log. */
export interface DescriptorShield extends Disposable {
  /** Entries for `stdio` from index 4 on. */
  readonly stdio: readonly ('ignore' | number)[];
}

export function shieldDescriptors(descriptors: readonly number[]): DescriptorShield {
  const affected = descriptors.filter((descriptor) => descriptor >= 4);
  if (affected.length === 0) return { stdio: [], [Symbol.dispose]: () => undefined };
  const empty = openSync('/dev/null', 'r+');
  const length = Math.max(...affected) - 3;
  const stdio = Array.from({ length }, (_, index) =>
    affected.includes(index + 4) ? empty : ('ignore' as const),
  );
  return { stdio, [Symbol.dispose]: () => closeSync(empty) };
}
