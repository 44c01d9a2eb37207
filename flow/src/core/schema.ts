import { FlowFault } from './fault.ts';

/** Reads an unknown value at a place in the configuration (`deploy.targets[0].kind`) and returns it typed, or throws flow.config_invalid. */
export type Schema<T> = (value: unknown, path: string) => T;
export type TypeOf<S> = S extends Schema<infer T> ? T : never;

/** The fault of every wrong configuration value: names the key, what was expected and what was there. */
export function configFault(path: string, expected: string, value: unknown): FlowFault {
  const found = describeValue(value);
  return new FlowFault('flow.config_invalid', {
    file: 'flow.config.ts',
    text: {
      en: `${path || 'The configuration'} must be ${expected}, but it is ${found}.`,
      de: `${path || 'Die Konfiguration'} muss ${expected} sein, ist aber ${found}.`,
    },
    fix: {
      en: `Correct ${path || 'the file'} in flow.config.ts.`,
      de: `${path || 'Die Datei'} in flow.config.ts berichtigen.`,
    },
  });
}

function describeValue(value: unknown): string {
  if (value === undefined) return 'missing';
  if (typeof value === 'function') return 'a function';
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

export const stringSchema: Schema<string> = (value, path) => {
  if (typeof value !== 'string') throw configFault(path, 'a string', value);
  return value;
};

export const booleanSchema: Schema<boolean> = (value, path) => {
  if (typeof value !== 'boolean') throw configFault(path, 'true or false', value);
  return value;
};

/** A string that must match; `expected` says so in words ("a host name"). */
export function patternSchema(pattern: RegExp, expected: string): Schema<string> {
  return (value, path) => {
    if (typeof value !== 'string' || !pattern.test(value)) throw configFault(path, expected, value);
    return value;
  };
}

/** A whole number between the limits, both included. */
export function integerSchema(limits: { min: number; max: number }): Schema<number> {
  return (value, path) => {
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < limits.min || value > limits.max)
      throw configFault(path, `a whole number from ${limits.min} to ${limits.max}`, value);
    return value;
  };
}

export function oneOfSchema<const T extends string>(...allowed: readonly T[]): Schema<T> {
  return (value, path) => {
    const found = allowed.find((one) => one === value);
    if (found === undefined) throw configFault(path, allowed.map((one) => `'${one}'`).join(' | '), value);
    return found;
  };
}

export function optionalSchema<T>(inner: Schema<T>): Schema<T | undefined> {
  return (value, path) => (value === undefined ? undefined : inner(value, path));
}

export function defaultSchema<T>(inner: Schema<T>, fallback: T): Schema<T> {
  return (value, path) => (value === undefined ? fallback : inner(value, path));
}

export function arraySchema<T>(inner: Schema<T>): Schema<readonly T[]> {
  return (value, path) => {
    if (!Array.isArray(value)) throw configFault(path, 'a list', value);
    return value.map((one, index) => inner(one, `${path}[${index}]`));
  };
}

export function recordSchema<T>(inner: Schema<T>): Schema<Readonly<Record<string, T>>> {
  return (value, path) => {
    if (!isPlainObject(value)) throw configFault(path, 'an object', value);
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, inner(one, `${path}.${key}`)]));
  };
}

/** An object with exactly these keys; an unknown key is refused by name, so that a typing error never passes silently. */
export function objectSchema<Shape extends Readonly<Record<string, Schema<unknown>>>>(
  shape: Shape,
): Schema<{ readonly [K in keyof Shape]: TypeOf<Shape[K]> }> {
  return (value, path) => {
    const source = value === undefined ? {} : value;
    if (!isPlainObject(source)) throw configFault(path, 'an object', value);
    for (const key of Object.keys(source)) {
      if (!Object.hasOwn(shape, key)) throw unknownKeyFault(joinPath(path, key), Object.keys(shape));
    }
    const entries = Object.entries(shape).map(([key, inner]) => [
      key,
      inner(source[key], joinPath(path, key)),
    ]);
    return Object.fromEntries(entries);
  };
}

/** An object whose `kind` chooses the schema; the chosen schema must accept the key `kind` itself. */
export function kindSchema<T>(kinds: Readonly<Record<string, Schema<T>>>): Schema<T> {
  return (value, path) => {
    if (!isPlainObject(value)) throw configFault(path, 'an object', value);
    const kind = value.kind;
    const inner = typeof kind === 'string' && Object.hasOwn(kinds, kind) ? kinds[kind] : undefined;
    if (inner === undefined)
      throw configFault(
        joinPath(path, 'kind'),
        Object.keys(kinds)
          .map((one) => `'${one}'`)
          .join(' | '),
        kind,
      );
    return inner(value, path);
  };
}

/** For values that only code can judge, such as regular expressions and functions. */
export function instanceSchema<T>(test: (value: unknown) => value is T, expected: string): Schema<T> {
  return (value, path) => {
    if (!test(value)) throw configFault(path, expected, value);
    return value;
  };
}

function joinPath(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function unknownKeyFault(path: string, known: readonly string[]): FlowFault {
  return new FlowFault('flow.config_unknown_key', {
    file: 'flow.config.ts',
    text: { en: `${path} is not a known setting.`, de: `${path} ist keine bekannte Einstellung.` },
    fix: {
      en: `Remove it, or use one of: ${known.join(', ')}.`,
      de: `Entfernen oder eine dieser verwenden: ${known.join(', ')}.`,
    },
  });
}
