import { createHash } from 'node:crypto';
import { fault } from '#base/fault.ts';
import type { GeneratedFile, Variables, VariableValue } from './contract-shapes.ts';
import type { Definition } from './definition.ts';
import type { Library } from './library.ts';
import { type Allowance, newAllowance, renderTemplate, renderValue } from './render.ts';
import { resolveVariables } from './variables.ts';

export interface Generated {
  readonly output: string;
  readonly files: GeneratedFile[];
  /** SHA-256 of output and files, see hashOf. */
  readonly hash: string;
  readonly version: number;
}

/**
 * Fills a prompt, formula or mix. The files of a mix begin with what each step gave, in order.
 * @throws prompts.unknown, prompts.variable_invalid, prompts.too_large
 */
export function generate(library: Library, promptId: string, variables: Readonly<Variables>): Generated {
  const definition = library.get(promptId);
  if (definition === undefined) throw fault('prompts.unknown', { promptId });
  const { output, files } = fill(library, { definition, variables, allowance: newAllowance() });
  return { output, files, hash: hashOf(output, files), version: definition.version };
}

interface Filling {
  readonly definition: Definition;
  readonly variables: Readonly<Variables>;
  readonly allowance: Allowance;
}

function fill(library: Library, filling: Filling): { output: string; files: GeneratedFile[] } {
  const { definition, allowance } = filling;
  const values = resolveVariables(definition.variables, filling.variables);
  const scope = {
    values,
    allowance,
    formula: (id: string, given: ReadonlyMap<string, VariableValue>) =>
      // The tag's own line break follows it.
      fillUsed(library, { id, variables: Object.fromEntries(given), allowance }).replace(/\n$/, ''),
  };
  const files: GeneratedFile[] = [];
  for (const [index, step] of definition.chain.entries()) {
    const given = [...step.with].map(([name, value]) => [name, renderValue(value, scope)] as const);
    const content = fillUsed(library, { id: step.use, variables: Object.fromEntries(given), allowance });
    values.set(`steps.${step.id}`, content);
    files.push({ path: `${String(index + 1).padStart(2, '0')}-${step.id}.md`, content });
  }
  const output = renderTemplate(definition.body, scope);
  for (const { path, content } of definition.files) {
    const text = renderTemplate(content, scope);
    files.push({
      path: checkedPath(renderTemplate(path, scope)),
      content: text === '' || text.endsWith('\n') ? text : `${text}\n`,
    });
  }
  return { output, files };
}

function fillUsed(
  library: Library,
  use: { readonly id: string; readonly variables: Variables; readonly allowance: Allowance },
): string {
  const definition = library.get(use.id);
  if (definition === undefined) throw fault('prompts.unknown', { promptId: use.id });
  return fill(library, { definition, variables: use.variables, allowance: use.allowance }).output;
}

/** A value can stand in a path: it must not lead out of the folder that the files are meant for. */
function checkedPath(path: string): string {
  const parts = path.split('/');
  if (
    path === '' ||
    /[\\\0\r\n]/.test(path) ||
    parts.some((part) => ['', '.', '..', '.git'].includes(part))
  ) {
    throw fault('prompts.variable_invalid', {
      variable: 'path',
      reason: 'a file would lie outside of its folder',
    });
  }
  return path;
}

/**
 * SHA-256 over `cds-prompt-1`, the output, and each file's path and content; each part preceded by its length in
 * bytes of UTF-8 and a line break, so that no two different results look the same.
 */
export function hashOf(output: string, files: readonly GeneratedFile[]): string {
  const digest = createHash('sha256').update('cds-prompt-1\n');
  for (const part of [output, ...files.flatMap(({ path, content }) => [path, content])]) {
    digest.update(`${Buffer.byteLength(part)}\n`).update(part, 'utf8');
  }
  return digest.digest('hex');
}
