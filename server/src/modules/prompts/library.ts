import { fault } from '#base/fault.ts';
import type { Definition } from './definition.ts';
import type { Expression, Template } from './template.ts';

/** Definitions by id. */
export type Library = ReadonlyMap<string, Definition>;

/**
 * Adds definitions to a library. Each is checked against the whole: what it calls exists and takes the values it gives,
 * every name has a value, nothing calls itself.
 * @throws prompts.exists for an id that is taken, prompts.definition_invalid
 */
export function extendLibrary(base: Library, added: readonly Definition[]): Library {
  const library = new Map(base);
  for (const definition of added) {
    // A project's file must not stand in for what ships: agents believe their own prompts.
    if (library.has(definition.id)) throw fault('prompts.exists', { promptId: definition.id });
    library.set(definition.id, definition);
  }
  for (const definition of added) {
    checkNames(definition, library);
    checkCycle(definition, library);
  }
  return library;
}

interface Use {
  readonly id: string;
  readonly given: readonly string[];
}

function checkNames(definition: Definition, library: Library): void {
  const known = new Set(definition.variables.map(({ name }) => name));
  const uses: Use[] = [];
  for (const step of definition.chain) {
    for (const value of step.with.values()) visit(value, known, uses);
    checkUse({ id: step.use, given: [...step.with.keys()] }, library, ['prompt', 'formula']);
    known.add(`steps.${step.id}`);
  }
  const templates = [definition.body, ...definition.files.flatMap(({ path, content }) => [path, content])];
  for (const template of templates) visit(template, known, uses);
  for (const use of uses) checkUse(use, library, ['formula']);
}

function visit(template: Template, known: ReadonlySet<string>, uses: Use[]): void {
  const check = ({ value }: Expression) => {
    if (value.kind === 'name' && !known.has(value.path.join('.'))) {
      throw invalid(`there is no variable ${value.path.join('.')}`);
    }
  };
  for (const node of template) {
    switch (node.kind) {
      case 'value':
        check(node.expression);
        break;
      case 'formula':
        for (const argument of node.args.values()) check(argument);
        uses.push({ id: node.id, given: [...node.args.keys()] });
        break;
      case 'if':
        check(node.test);
        visit(node.body, known, uses);
        visit(node.otherwise, known, uses);
        break;
      case 'each':
        check(node.list);
        visit(node.body, new Set([...known, node.item, 'position']), uses);
    }
  }
}

function checkUse({ id, given }: Use, library: Library, kinds: readonly string[]): void {
  const used = library.get(id);
  if (used === undefined || !kinds.includes(used.kind))
    throw invalid(`there is no ${kinds.join(' or ')} ${id}`);
  const unknown = given.find((name) => !used.variables.some((variable) => variable.name === name));
  if (unknown !== undefined) throw invalid(`${id} has no variable ${unknown}`);
  const missing = used.variables.find(
    ({ name, default: value }) => value === undefined && !given.includes(name),
  );
  if (missing !== undefined) throw invalid(`${id} needs the variable ${missing.name}`);
}

function checkCycle(definition: Definition, library: Library): void {
  const done = new Set<string>();
  const walk = (id: string, above: readonly string[]) => {
    if (above.includes(id)) throw invalid(`${[...above, id].join(' calls ')}: a circle`);
    const found = library.get(id);
    if (found === undefined || done.has(id)) return;
    for (const used of calledBy(found)) walk(used, [...above, id]);
    done.add(id);
  };
  walk(definition.id, []);
}

function calledBy(definition: Definition): string[] {
  const ids = (template: Template): string[] =>
    template.flatMap((node) => {
      if (node.kind === 'formula') return [node.id];
      if (node.kind === 'if') return [...ids(node.body), ...ids(node.otherwise)];
      return node.kind === 'each' ? ids(node.body) : [];
    });
  return [
    ...definition.chain.map(({ use }) => use),
    ...definition.chain.flatMap((step) => [...step.with.values()].flatMap(ids)),
    ...ids(definition.body),
    ...definition.files.flatMap(({ path, content }) => [...ids(path), ...ids(content)]),
  ];
}

function invalid(reason: string): Error {
  return fault('prompts.definition_invalid', { line: 1, reason });
}
