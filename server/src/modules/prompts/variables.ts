import { fault } from '#base/fault.ts';
import type { Variable, Variables, VariableValue } from './contract-shapes.ts';

const defaultLength = { text: 1_000_000, line: 2_000, list: 10_000, path: 1_000 } as const;

/** Why a value does not fit its variable, or null when it does. */
export function checkValue(variable: Variable, value: VariableValue): string | null {
  const { type, values = [] } = variable;
  switch (type) {
    case 'integer':
      return Number.isSafeInteger(value) ? null : 'it must be a whole number';
    case 'number':
      return typeof value === 'number' && Number.isFinite(value) ? null : 'it must be a number';
    case 'boolean':
      return typeof value === 'boolean' ? null : 'it must be true or false';
    case 'choice':
      return typeof value === 'string' && values.includes(value)
        ? null
        : `it must be one of ${values.join(', ')}`;
    case 'list': {
      const list = Array.isArray(value) ? value : null;
      if (list === null) return 'it must be a list of texts';
      if (list.some((item) => /[\r\n]/.test(item))) return 'its items must be single lines';
      return checkLength(list.length, variable.maxLength ?? defaultLength.list);
    }
    default: {
      if (typeof value !== 'string') return 'it must be a text';
      // A lone surrogate has no bytes in UTF-8: machines would replace it, and the hash would not mean the text.
      if (!value.isWellFormed()) return 'it has half of a character';
      if (type !== 'text' && /[\r\n]/.test(value)) return 'it must be a single line';
      if (type === 'path' && !isRelativePath(value)) return 'it must be a relative path without ..';
      return checkLength(value.length, variable.maxLength ?? defaultLength[type]);
    }
  }
}

function checkLength(length: number, most: number): string | null {
  return length <= most ? null : `it may have at most ${most}`;
}

function isRelativePath(value: string): boolean {
  return (
    value !== '' &&
    !value.startsWith('/') &&
    !/[\\\0]/.test(value) &&
    value.split('/').every((part) => part !== '' && part !== '.' && part !== '..')
  );
}

/** The values with defaults filled. @throws prompts.variable_invalid */
export function resolveVariables(
  variables: readonly Variable[],
  given: Readonly<Variables>,
): Map<string, VariableValue> {
  const names = new Set(variables.map(({ name }) => name));
  const unknown = Object.keys(given).find((name) => !names.has(name));
  if (unknown !== undefined) {
    throw fault('prompts.variable_invalid', { variable: unknown, reason: 'there is no such variable' });
  }
  return new Map(
    variables.map((variable) => {
      const value = Object.hasOwn(given, variable.name) ? given[variable.name] : variable.default;
      if (value === undefined) {
        throw fault('prompts.variable_invalid', { variable: variable.name, reason: 'it is missing' });
      }
      const reason = checkValue(variable, value);
      if (reason !== null) throw fault('prompts.variable_invalid', { variable: variable.name, reason });
      return [variable.name, value];
    }),
  );
}
