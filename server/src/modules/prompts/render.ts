import { fault } from '#base/fault.ts';
import type { VariableValue } from './contract-shapes.ts';
import { applyFilter, textOf } from './filters.ts';
import type { Expression, Template } from './template.ts';

export const limitBytes = 4 * 1024 ** 2;
export const limitSteps = 200_000;

/** What one rendering may still take; shared by all that one prompt calls. */
export interface Allowance {
  bytes: number;
  steps: number;
}

export function newAllowance(): Allowance {
  return { bytes: limitBytes, steps: limitSteps };
}

export interface RenderScope {
  readonly values: ReadonlyMap<string, VariableValue>;
  /** Fills a formula with values. */
  readonly formula: (id: string, values: ReadonlyMap<string, VariableValue>) => string;
  readonly allowance: Allowance;
}

/** Fills a template. @throws prompts.too_large, prompts.variable_invalid for a name that has no value */
export function renderTemplate(template: Template, scope: RenderScope): string {
  let output = '';
  for (const node of template) {
    scope.allowance.steps -= 1;
    if (scope.allowance.steps < 0) throw tooLarge();
    switch (node.kind) {
      case 'text':
        output += spend(node.text, scope);
        break;
      case 'value':
        output += spend(textOf(evaluate(node.expression, scope)), scope);
        break;
      case 'formula': {
        const values = [...node.args].map(([name, value]) => [name, evaluate(value, scope)] as const);
        output += scope.formula(node.id, new Map(values));
        break;
      }
      case 'if':
        output += renderTemplate(isTruthy(evaluate(node.test, scope)) ? node.body : node.otherwise, scope);
        break;
      case 'each': {
        const list = evaluate(node.list, scope);
        const items = Array.isArray(list) ? list : applyFilter(list, { name: 'lines', args: [] });
        for (const [index, item] of (items as string[]).entries()) {
          const values = new Map<string, VariableValue>([
            ...scope.values,
            [node.item, item],
            ['position', index + 1],
          ]);
          output += renderTemplate(node.body, { ...scope, values });
        }
      }
    }
  }
  return output;
}

function spend(text: string, { allowance }: RenderScope): string {
  allowance.bytes -= Buffer.byteLength(text);
  if (allowance.bytes < 0) throw tooLarge();
  return text;
}

function tooLarge(): Error {
  return fault('prompts.too_large', { limitBytes, limitSteps });
}

function evaluate({ value, filters }: Expression, scope: RenderScope): VariableValue {
  let result: VariableValue | undefined =
    value.kind === 'literal' ? value.value : scope.values.get(value.path.join('.'));
  if (result === undefined) {
    const variable = value.kind === 'name' ? value.path.join('.') : '';
    throw fault('prompts.variable_invalid', { variable, reason: 'it has no value here' });
  }
  for (const filter of filters) {
    result = applyFilter(result, filter);
    // A filter can make a text longer; what it made counts, even where it is thrown away afterwards.
    if (typeof result === 'string' && result.length > limitBytes) throw tooLarge();
  }
  return result;
}

function isTruthy(value: VariableValue): boolean {
  return Array.isArray(value) ? value.length > 0 : value !== '' && value !== false && value !== 0;
}

/** The value itself where a template is a single expression, so that lists and numbers keep their type; else a text. */
export function renderValue(template: Template, scope: RenderScope): VariableValue {
  const [only] = template;
  if (template.length === 1 && only?.kind === 'value') return evaluate(only.expression, scope);
  return renderTemplate(template, scope);
}
