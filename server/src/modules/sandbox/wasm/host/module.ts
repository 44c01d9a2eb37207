import { ModuleRefused, Reader } from './bytes.ts';

export interface Signature {
  readonly params: readonly string[];
  readonly results: readonly string[];
}

export type ExternalKind = 'function' | 'table' | 'memory' | 'global' | 'tag';

export interface Import {
  readonly module: string;
  readonly name: string;
  readonly kind: ExternalKind;
  /** Of a function. */
  readonly signature: Signature | null;
}

export interface Export {
  readonly name: string;
  readonly kind: ExternalKind;
  readonly signature: Signature | null;
}

export const sectionIds = {
  custom: 0,
  type: 1,
  import: 2,
  function: 3,
  table: 4,
  memory: 5,
  global: 6,
  export: 7,
  start: 8,
  element: 9,
  code: 10,
  data: 11,
  dataCount: 12,
  tag: 13,
} as const;

/** Sections in the order in which the format has them; custom ones may stand anywhere and are left out. */
export const sectionOrder: readonly number[] = [1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11];

/** A module taken apart as far as metering needs it. */
export interface ModuleParts {
  readonly bytes: Uint8Array;
  /** Content of each section by its id. */
  readonly sections: ReadonlyMap<number, Reader>;
  readonly types: readonly Signature[];
  readonly imports: readonly Import[];
  readonly exports: readonly Export[];
  /** Counts of index spaces, imported ones included. */
  readonly functions: number;
  readonly globals: number;
  readonly startFunction: number | null;
  /** Pages that the memory has at the beginning; null without a memory. */
  readonly memoryPages: number | null;
  /** The custom section with names of functions, behind its own name; null when there is none or it is large. */
  readonly names: Reader | null;
}

const kinds: readonly ExternalKind[] = ['function', 'table', 'memory', 'global', 'tag'];
const typeNames: Readonly<Record<number, string>> = {
  127: 'i32',
  126: 'i64',
  125: 'f32',
  124: 'f64',
  123: 'v128',
  112: 'funcref',
  111: 'externref',
  105: 'exnref',
};

const magic = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
const unsharedLimits = 1;

/**
 * Takes a module apart. It has been validated by V8 before, so this only has to find things, and refuses what it does not
 * know.
 * @throws ModuleRefused
 */
export function readModule(bytes: Uint8Array): ModuleParts {
  if (magic.some((byte, index) => bytes[index] !== byte))
    throw new ModuleRefused('it is no module of version 1');
  const sections = new Map<number, Reader>();
  const reader = new Reader(bytes, magic.length);
  let names: Reader | null = null;
  while (!reader.done) {
    const id = reader.byte();
    const content = reader.part();
    if (id === sectionIds.custom) {
      names ??= namesIn(content);
      continue;
    }
    if (!sectionOrder.includes(id) || sections.has(id))
      throw new ModuleRefused(`it has an unknown section ${id}`);
    sections.set(id, content);
  }
  const open = (id: number) => {
    const content = sections.get(id);
    return content === undefined ? null : new Reader(content.bytes, content.position, content.end);
  };
  const types = readTypes(open(sectionIds.type));
  const imports = readImports(open(sectionIds.import), types);
  const ownFunctions = list(open(sectionIds.function), (content) => content.unsigned());
  const functionTypes = [
    ...imports.filter(({ kind }) => kind === 'function').map(({ signature }) => signature),
    ...ownFunctions.map((type) => types[type] ?? null),
  ];
  const globals =
    imports.filter(({ kind }) => kind === 'global').length + (open(sectionIds.global)?.unsigned() ?? 0);
  return {
    bytes,
    sections,
    types,
    imports,
    exports: list(open(sectionIds.export), (content) => readExport(content, functionTypes)),
    functions: functionTypes.length,
    globals,
    startFunction: open(sectionIds.start)?.unsigned() ?? null,
    memoryPages: readMemory(open(sectionIds.memory)),
    names,
  };
}

const mostNameBytes = 1024 * 1024;

function namesIn(content: Reader): Reader | null {
  const length = content.unsigned();
  if (length !== 4 || content.end - content.position > mostNameBytes) return null;
  const name = String.fromCharCode(...content.slice(length));
  return name === 'name' ? content : null;
}

function list<Item>(reader: Reader | null, read: (reader: Reader) => Item): Item[] {
  if (reader === null) return [];
  return Array.from({ length: reader.unsigned() }, () => read(reader));
}

function readTypes(reader: Reader | null): Signature[] {
  return list(reader, (content) => {
    if (content.byte() !== 0x60) {
      throw new ModuleRefused(
        'it uses typed references (garbage collection), which this engine does not take',
      );
    }
    return { params: list(content, valueType), results: list(content, valueType) };
  });
}

function valueType(reader: Reader): string {
  const name = typeNames[reader.byte()];
  if (name === undefined) {
    throw new ModuleRefused('it uses typed references (garbage collection), which this engine does not take');
  }
  return name;
}

function readImports(reader: Reader | null, types: readonly Signature[]): Import[] {
  return list(reader, (content) => {
    const module = content.name();
    const name = content.name();
    const kind = kinds[content.byte()];
    if (kind === 'function') return { module, name, kind, signature: types[content.unsigned()] ?? null };
    throw new ModuleRefused(`it imports ${module}.${name}, which is no function; only functions are offered`);
  });
}

function readExport(content: Reader, functionTypes: readonly (Signature | null)[]): Export {
  const name = content.name();
  const kind = kinds[content.byte()] ?? 'function';
  const index = content.unsigned();
  return { name, kind, signature: kind === 'function' ? (functionTypes[index] ?? null) : null };
}

function readMemory(reader: Reader | null): number | null {
  if (reader === null) return null;
  const count = reader.unsigned();
  if (count === 0) return null;
  if (count > 1) throw new ModuleRefused('it uses several memories, which this engine does not take');
  if (reader.byte() > unsharedLimits) {
    throw new ModuleRefused(
      'its memory is shared, of 64 bits or of other pages, which this engine does not take',
    );
  }
  return reader.unsigned();
}
