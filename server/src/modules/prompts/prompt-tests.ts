import { isFault } from '#base/fault.ts';
import type { TestOutcome } from './contract-shapes.ts';
import type { Definition, PromptTest } from './definition.ts';
import { type Generated, generate } from './generate.ts';
import type { Library } from './library.ts';

/** Runs the tests of a definition. Each is filled twice: a text that differs is a failure whatever was expected. */
export function runPromptTests(library: Library, definition: Definition): TestOutcome[] {
  return definition.tests.map((test) => {
    const reason = failureOf(library, definition, test);
    return { promptId: definition.id, test: test.name, passed: reason === null, reason };
  });
}

function failureOf(
  library: Library,
  definition: Definition,
  { variables, expect }: PromptTest,
): string | null {
  let generated: Generated;
  try {
    generated = generate(library, definition.id, variables);
  } catch (error) {
    if (!isFault(error)) throw error;
    return error.code === expect.fault
      ? null
      : `it failed with ${error.code}: ${String(error.data.reason ?? '')}`;
  }
  if (expect.fault !== undefined) return `it should have failed with ${expect.fault}`;
  if (generate(library, definition.id, variables).hash !== generated.hash)
    return 'it gives another text each time';
  const { output, files, hash } = generated;
  const whole = [output, ...files.map(({ path, content }) => `${path}\n${content}`)].join('\n');
  const missing = expect.contains?.find((part) => !whole.includes(part));
  if (missing !== undefined) return `it does not contain ${JSON.stringify(missing)}`;
  const unwanted = expect.excludes?.find((part) => whole.includes(part));
  if (unwanted !== undefined) return `it contains ${JSON.stringify(unwanted)}`;
  if (expect.equals !== undefined && expect.equals !== output)
    return `it is ${JSON.stringify(output.slice(0, 200))}`;
  if (expect.hash !== undefined && expect.hash !== hash) return `its hash is ${hash}`;
  return null;
}
