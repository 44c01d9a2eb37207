import type { Rules } from './rules.ts';

/** Runs of white space are bounded: a small model that has lost its thread would go on for ever. */
export function space(rules: Rules): string {
  return rules.ensure('space', '| " " | "\\n" [ \\t]{0,20}');
}

/** One character of a JSON string. No escapes of surrogates, so that lengths count as JSON Schema counts them. */
export function character(rules: Rules): string {
  rules.ensure('hex', '[0-9a-fA-F]');
  return rules.ensure(
    'character',
    '[^"\\\\\\x7F\\x00-\\x1F] | "\\\\" (["\\\\/bfnrt] | "u" ([0-9a-cA-CefEF] hex hex hex | [dD] [0-7] hex hex))',
  );
}

export function anyString(rules: Rules): string {
  return rules.ensure('string', `"\\"" ${character(rules)}* "\\""`);
}

export function anyInteger(rules: Rules): string {
  return rules.ensure('integer', '"-"? ("0" | [1-9] [0-9]{0,14})');
}

export function anyNumber(rules: Rules): string {
  return rules.ensure('number', `${anyInteger(rules)} ("." [0-9]{1,15})? ([eE] [-+]? [0-9]{1,2})?`);
}

export function anyBoolean(rules: Rules): string {
  return rules.ensure('boolean', '"true" | "false"');
}

export function anyObject(rules: Rules): string {
  anyValue(rules);
  return 'object';
}

export function anyArray(rules: Rules): string {
  anyValue(rules);
  return 'array';
}

export function anyValue(rules: Rules): string {
  const whitespace = space(rules);
  const string = anyString(rules);
  rules.ensure('value', `object | array | ${string} | ${anyNumber(rules)} | ${anyBoolean(rules)} | "null"`);
  rules.ensure('pair', `${string} ":" ${whitespace} value`);
  rules.ensure('object', `"{" ${whitespace} (pair ("," ${whitespace} pair)*)? ${whitespace} "}"`);
  rules.ensure('array', `"[" ${whitespace} (value ("," ${whitespace} value)*)? ${whitespace} "]"`);
  return 'value';
}
