import { ModuleRefused, Reader, signedBytes, unsignedBytes, Writer } from './bytes.ts';
import { readInstruction } from './instructions.ts';
import { type ModuleParts, readModule, sectionIds, sectionOrder } from './module.ts';

/** Names of what metering adds to a module's exports; no module may have names that begin like these. */
export const reservedPrefix = 'cds:';
export const fuelExport = `${reservedPrefix}fuel`;
export const pageLimitExport = `${reservedPrefix}pages`;
export const refusedPagesExport = `${reservedPrefix}refused`;
export const startExport = `${reservedPrefix}start`;

export const pageBytes = 65_536;
/** Entries of all tables together: they are memory of the host. */
const mostTableEntries = 1_000_000;
const mostTables = 16;

export interface Metered {
  readonly parts: ModuleParts;
  readonly bytes: Uint8Array;
}

const opcode = { call: 0x10, localGet: 0x20, localTee: 0x22, globalGet: 0x23, globalSet: 0x24 } as const;
const i32 = 0x7f;
const i64 = 0x7e;
const trapWhenNegative = (readFuel: readonly number[]) => [
  ...readFuel,
  // i64.const 0, i64.lt_s, if, unreachable, end
  ...[0x42, 0x00, 0x53, 0x04, 0x40, 0x00, 0x0b],
];

/**
 * Rewrites a module so that it burns fuel: one unit for each instruction that could run, taken at the entry of each function
 * and at the head of each loop for all instructions up to the next such place, and one for each byte that a bulk
 * operation or memory.grow moves or clears, eight for each entry of a table. The count is part of the module itself, so
 * the same module with the same input burns the same everywhere. Below zero the module traps, for good: the next
 * function or loop traps again.
 *
 * Validity comes first: V8 has accepted the original, so nothing in it can name what is added here, and the indices of
 * what it has do not move, because everything is added behind. The start function becomes an export, so that the host
 * sets the fuel before anything runs and one compiled module serves calls with any fuel.
 * @throws ModuleRefused
 */
export function meterModule(bytes: Uint8Array): Metered {
  const parts = readModule(bytes);
  const taken = parts.exports.find(({ name }) => name.startsWith(reservedPrefix));
  if (taken !== undefined)
    throw new ModuleRefused(`it exports ${taken.name}, a name that is the engine's own`);
  const added = {
    fuel: parts.globals,
    pageLimit: parts.globals + 1,
    refused: parts.globals + 2,
    chargeType: parts.types.length,
    chargeBytes: parts.functions,
    chargeElements: parts.functions + 1,
    chargePages: parts.functions + 2,
  };
  const writer = new Writer().raw(bytes.subarray(0, 8));
  for (const id of sectionOrder) {
    const section = sectionOf(id, parts, added);
    if (section !== null) writer.raw([id]).part(section);
  }
  // Names of functions, for the words of a trap; their indices have not moved.
  if (parts.names !== null)
    writer.raw([sectionIds.custom]).part(new Writer().name('name').raw(rest(parts.names)));
  return { parts, bytes: writer.finish() };
}

type Added = Readonly<
  Record<
    'fuel' | 'pageLimit' | 'refused' | 'chargeType' | 'chargeBytes' | 'chargeElements' | 'chargePages',
    number
  >
>;

function sectionOf(id: number, parts: ModuleParts, added: Added): Writer | null {
  const content = parts.sections.get(id);
  switch (id) {
    case sectionIds.type:
      return extended(content, [[0x60, 1, i32, 1, i32]]);
    case sectionIds.function:
      return extended(content, Array(3).fill(unsignedBytes(added.chargeType)));
    case sectionIds.global:
      return extended(content, [
        [i64, 1, 0x42, 0, 0x0b],
        [i32, 1, 0x41, 0, 0x0b],
        [i32, 1, 0x41, 0, 0x0b],
      ]);
    case sectionIds.export:
      return extended(content, addedExports(parts, added));
    case sectionIds.start:
      return null;
    case sectionIds.table:
      return content === undefined ? null : cappedTables(content);
    case sectionIds.code:
      return meteredCode(content, parts, added);
    default:
      return content === undefined ? null : new Writer().raw(rest(content));
  }
}

function rest(content: Reader): Uint8Array {
  return content.bytes.subarray(content.position, content.end);
}

/** A section with entries behind those that it has. */
function extended(content: Reader | undefined, entries: readonly (readonly number[])[]): Writer {
  if (content === undefined) return new Writer().unsigned(entries.length).raw(entries.flat());
  const reader = new Reader(content.bytes, content.position, content.end);
  const count = reader.unsigned();
  return new Writer()
    .unsigned(count + entries.length)
    .raw(rest(reader))
    .raw(entries.flat());
}

function addedExports(parts: ModuleParts, added: Added): number[][] {
  const named = (name: string, kind: number, index: number) => {
    const text = new TextEncoder().encode(name);
    return [...unsignedBytes(text.length), ...text, kind, ...unsignedBytes(index)];
  };
  return [
    named(fuelExport, 3, added.fuel),
    named(pageLimitExport, 3, added.pageLimit),
    named(refusedPagesExport, 3, added.refused),
    ...(parts.startFunction === null ? [] : [named(startExport, 0, parts.startFunction)]),
  ];
}

/** Gives each table a maximum, so that all of them together stay within bounds. */
function cappedTables(content: Reader): Writer {
  const reader = new Reader(content.bytes, content.position, content.end);
  const count = reader.unsigned();
  if (count > mostTables) throw new ModuleRefused(`it has ${count} tables; ${mostTables} are the most`);
  const cap = Math.floor(mostTableEntries / Math.max(1, count));
  const writer = new Writer().unsigned(count);
  for (let index = 0; index < count; index += 1) {
    const type = reader.byte();
    if (type !== 0x70 && type !== 0x6f) {
      throw new ModuleRefused(
        'it has a table of typed references or with a first value, which this engine does not take',
      );
    }
    const flags = reader.byte();
    if (flags > 1) throw new ModuleRefused('it has a table of 64 bits, which this engine does not take');
    const least = reader.unsigned();
    const most = flags === 1 ? reader.unsigned() : cap;
    if (least > cap) throw new ModuleRefused(`it has a table of ${least} entries; ${cap} are the most`);
    writer
      .raw([type, 1])
      .unsigned(least)
      .unsigned(Math.max(least, Math.min(most, cap)));
  }
  return writer;
}

function meteredCode(content: Reader | undefined, parts: ModuleParts, added: Added): Writer {
  const reader = content === undefined ? null : new Reader(content.bytes, content.position, content.end);
  const count = reader?.unsigned() ?? 0;
  const imported = parts.imports.length;
  const writer = new Writer().unsigned(count + 3);
  const functionTypes = ownFunctionTypes(parts);
  if (parts.functions - imported !== count) throw new ModuleRefused('it has functions without code');
  for (let index = 0; index < count; index += 1) {
    if (reader === null) break;
    const params = parts.types[functionTypes[index] ?? 0]?.params.length ?? 0;
    writer.part(meteredBody(reader.part(), params, added));
  }
  writer.part(chargeFunction(added, []));
  // Entries of a table take about eight bytes and more.
  writer.part(chargeFunction(added, [0x42, 8, 0x7e]));
  writer.part(chargePagesFunction(added, parts.memoryPages !== null));
  return writer;
}

function ownFunctionTypes(parts: ModuleParts): number[] {
  const content = parts.sections.get(sectionIds.function);
  if (content === undefined) return [];
  const reader = new Reader(content.bytes, content.position, content.end);
  return Array.from({ length: reader.unsigned() }, () => reader.unsigned());
}

interface Insertion {
  readonly position: number;
  readonly bytes: () => readonly number[];
}

/** One body: its instructions as they were, with charges between them, and one more local to count in. */
function meteredBody(body: Reader, params: number, added: Added): Writer {
  const groups = body.unsigned();
  const groupsFrom = body.position;
  let locals = params;
  for (let index = 0; index < groups; index += 1) {
    locals += body.unsigned();
    body.skip(1);
  }
  const codeFrom = body.position;
  const insertions = chargesOf(body, codeFrom, { added, counter: locals });
  const writer = new Writer()
    .unsigned(groups + 1)
    .raw(body.bytes.subarray(groupsFrom, codeFrom))
    .raw([1, i64]);
  let from = codeFrom;
  for (const { position, bytes } of insertions) {
    writer.raw(body.bytes.subarray(from, position)).raw(bytes());
    from = position;
  }
  return writer.raw(body.bytes.subarray(from, body.end));
}

/** Where in a body which charges go. A loop is charged for what is in it, without the loops inside of it. */
function chargesOf(
  body: Reader,
  codeFrom: number,
  { added, counter }: { readonly added: Added; readonly counter: number },
): Insertion[] {
  const insertions: Insertion[] = [];
  let owner = place(codeFrom);
  const depth: { cost: number }[] = [owner];

  function place(position: number): { cost: number } {
    const own = { cost: 1 };
    insertions.push({ position, bytes: () => charge(own.cost, added.fuel, counter) });
    return own;
  }
  function call(position: number, helper: number): void {
    insertions.push({ position, bytes: () => [opcode.call, ...unsignedBytes(helper)] });
  }

  while (!body.done) {
    const position = body.position;
    const kind = readInstruction(body);
    owner.cost += 1;
    if (kind === 'loop') owner = place(body.position);
    if (kind === 'loop' || kind === 'open') depth.push(owner);
    else if (kind === 'end') {
      depth.pop();
      owner = depth.at(-1) ?? owner;
    } else if (kind === 'bytes') call(position, added.chargeBytes);
    else if (kind === 'elements') call(position, added.chargeElements);
    else if (kind === 'pages') call(position, added.chargePages);
  }
  if (depth.length > 0) throw new ModuleRefused('a function in it has no end');
  return insertions;
}

/** Takes `cost` from the fuel and traps when none is left; the stack stays as it was. */
function charge(cost: number, fuel: number, counter: number): number[] {
  const fuelIndex = unsignedBytes(fuel);
  const counterIndex = unsignedBytes(counter);
  return [
    opcode.globalGet,
    ...fuelIndex,
    0x42,
    ...signedBytes(cost),
    0x7d,
    opcode.localTee,
    ...counterIndex,
    opcode.globalSet,
    ...fuelIndex,
    ...trapWhenNegative([opcode.localGet, ...counterIndex]),
  ];
}

/** (i32) -> i32: takes that many units, each worth what `scale` makes of it, and gives the number back. */
function chargeFunction(added: Added, scale: readonly number[]): Writer {
  const fuel = unsignedBytes(added.fuel);
  const readFuel = [opcode.globalGet, ...fuel];
  return new Writer().raw([
    0,
    ...readFuel,
    // local.get 0, i64.extend_i32_u
    ...[opcode.localGet, 0, 0xad],
    ...scale,
    0x7d,
    opcode.globalSet,
    ...fuel,
    ...trapWhenNegative(readFuel),
    ...[opcode.localGet, 0, 0x0b],
  ]);
}

/**
 * (i32) -> i32: as above with the bytes of so many pages. Beyond the memory limit it notes the refusal and gives a number
 * of pages that memory.grow refuses, so the program sees what it sees on any machine without memory: -1.
 */
function chargePagesFunction(added: Added, hasMemory: boolean): Writer {
  if (!hasMemory) return new Writer().raw([0, opcode.localGet, 0, 0x0b]);
  const fuel = unsignedBytes(added.fuel);
  const readFuel = [opcode.globalGet, ...fuel];
  return new Writer().raw([
    0,
    // memory.size + wanted > limit, in 64 bits
    ...[0x3f, 0, 0xad, opcode.localGet, 0, 0xad, 0x7c],
    ...[opcode.globalGet, ...unsignedBytes(added.pageLimit), 0xad, 0x56],
    ...[0x04, 0x40, 0x41, 1, opcode.globalSet, ...unsignedBytes(added.refused), 0x41, 0x7f, 0x0f, 0x0b],
    ...readFuel,
    ...[opcode.localGet, 0, 0xad, 0x42, ...signedBytes(pageBytes), 0x7e, 0x7d],
    opcode.globalSet,
    ...fuel,
    ...trapWhenNegative(readFuel),
    ...[opcode.localGet, 0, 0x0b],
  ]);
}
