/** What a subscriber asks for: one name (`auth.revoked`), a family (`project.*`), or everything (`*`). */
export interface EventPattern {
  matches(name: string): boolean;
  /** The exact name, or the beginning that all names of the family share; both null for everything. */
  readonly exact: string | null;
  readonly prefix: string | null;
}

/** Reads a pattern. A star anywhere but at the end is a mistake of the caller. */
export function parsePattern(pattern: string): EventPattern {
  if (pattern === '*') return { exact: null, prefix: null, matches: () => true };
  const star = pattern.indexOf('*');
  if (star < 0) return { exact: pattern, prefix: null, matches: (name) => name === pattern };
  if (star !== pattern.length - 1 || !pattern.endsWith('.*')) {
    throw new Error(`the event pattern ${pattern} is neither a name, nor a family (project.*), nor *`);
  }
  const prefix = pattern.slice(0, -1);
  return { exact: null, prefix, matches: (name) => name.startsWith(prefix) };
}
