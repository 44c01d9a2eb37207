/** A call as a model wrote it, before it gets an id. */
export interface WrittenCall {
  readonly name: string;
  /** JSON text of an object. */
  readonly arguments: string;
}

/** Reads one call, or a list of calls, out of JSON text; null when it is none of a known tool. */
export function callsOf(text: string, known: ReadonlySet<string>): WrittenCall[] | null {
  const value = parsed(text);
  if (value === undefined) return null;
  const items: readonly unknown[] = Array.isArray(value) ? value : [value];
  const calls = items.map((item) => callOf(item, known));
  if (calls.length === 0 || calls.some((call) => call === null)) return null;
  return calls.filter((call) => call !== null);
}

function callOf(value: unknown, known: ReadonlySet<string>): WrittenCall | null {
  if (typeof value !== 'object' || value === null) return null;
  const record = value as Record<string, unknown>;
  const inner = typeof record.function === 'object' && record.function !== null ? record.function : record;
  const { name, arguments: given, parameters } = inner as Record<string, unknown>;
  if (typeof name !== 'string' || !known.has(name)) return null;
  const args = given ?? parameters ?? {};
  // Some models write the arguments as JSON within JSON.
  const object = typeof args === 'string' ? parsed(args) : args;
  if (typeof object !== 'object' || object === null || Array.isArray(object)) return null;
  return { name, arguments: JSON.stringify(object) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Length of the first whole JSON object or list in the text, which begins with one; null while it is not whole.
 * Strings and escapes are followed, so braces in them don't count.
 */
export function wholeJsonLength(text: string): number | null {
  let depth = 0;
  let inString = false;
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index];
    if (inString) {
      if (character === '\\') index += 1;
      else if (character === '"') inString = false;
    } else if (character === '"') inString = true;
    else if (character === '{' || character === '[') depth += 1;
    else if (character === '}' || character === ']') {
      depth -= 1;
      if (depth === 0) return index + 1;
    }
  }
  return null;
}
