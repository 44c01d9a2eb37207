// Names damage to find it: cds-ignore-file encoding
import { type CodePage, createCodePages } from './code-pages.ts';
import { type Evidence, judgeSequence, type Strength, type Surroundings, scriptOf } from './plausible.ts';
import { sequenceLength } from './utf8.ts';

/** A stretch of text that is UTF-8 read as something else, one to four times over. Offsets are UTF-16 code units. */
export type DoubleEncoded = Readonly<{
  offset: number;
  text: string;
  /** The text as it was meant. */
  repaired: string;
  codePage: string;
  layers: number;
  /** `certain` may be repaired; `doubtful` also reads as ordinary text and is only reported. */
  verdict: 'certain' | 'doubtful';
}>;

const MOST_LAYERS = 4;
const NON_ASCII_RUN = /\P{ASCII}{2,}/gu;
const CODE_PAGES = createCodePages();
/** A leading byte and a trailing one as a code page shows them: ordinary Cyrillic or Chinese text has no such pair. */
const MAY_BE_SEQUENCE = /[\u00c2-\u00f4ĞİŞğış][\u0080-\u00bfŒœŠšŸŽžƒˆ˜–—‘’‚“”„†‡•…‰‹›€™]/;
const TURKISH_LETTERS = /[ĞİŞğış]/;

/** Which inner layers to remove: only those that are certain, or the ambiguous ones too. */
type InnerLayers = 'strong' | 'any';
type Depth = Readonly<{ inner: InnerLayers; layersLeft: number }> & Surroundings;
type Candidate = Omit<DoubleEncoded, 'verdict'> & { strength: Strength };

/**
 * Finds double-encoded text in runs of non-ASCII characters: a run is turned back into bytes by windows-1252 or
 * windows-1254 (C1 controls fall through), and what then decodes strictly as UTF-8, is shorter, and reads plausibly
 * at its last layer was double-encoded.
 *
 * Some of these also read as ordinary text: “MANHÃ” ends like a broken “Ô”, and French `fermé »` like a Chinese
 * sign. Such a place counts only when the file proves the damage elsewhere, in the same script, and never
 * uses the leading character in earnest.
 */
export function findDoubleEncoded(text: string): DoubleEncoded[] {
  const candidates = alikeInDepth(text, candidatesOfText(text, 'strong', MOST_LAYERS));
  const certain = candidates.filter((candidate) => candidate.strength.kind === 'strong');
  if (certain.length === 0) return [];
  const scripts = new Set(certain.map((candidate) => candidate.strength.script));
  const earnest = charactersOutside(text, candidates);
  return candidates.flatMap(({ strength, ...candidate }): DoubleEncoded[] => {
    if (strength.kind === 'strong') return [{ ...candidate, verdict: 'certain' }];
    if (!scripts.has(strength.script)) return [];
    return [{ ...candidate, verdict: earnest.has(candidate.text.charAt(0)) ? 'doubtful' : 'certain' }];
  });
}

function candidatesOfText(text: string, inner: InnerLayers, layersLeft: number): Candidate[] {
  const candidates: Candidate[] = [];
  for (const match of text.matchAll(NON_ASCII_RUN)) {
    const context = surroundings(
      text,
      { offset: match.index, length: match[0].length },
      { before: '', after: '' },
    );
    for (const candidate of candidatesOfRun(match[0], { inner, layersLeft, ...context })) {
      candidates.push({ ...candidate, offset: match.index + candidate.offset });
    }
  }
  return candidates;
}

/**
 * A file is usually damaged by one chain of programs, so every place went through as many layers. When each place
 * reaches the same depth once ambiguous inner layers count too, that reading is the right one (`Ã‚Â»` is `»`).
 */
function alikeInDepth(text: string, careful: readonly Candidate[]): readonly Candidate[] {
  const depth = careful.reduce((most, candidate) => Math.max(most, candidate.layers), 0);
  if (depth < 2) return careful;
  const thorough = candidatesOfText(text, 'any', depth);
  return thorough.every((candidate) => candidate.layers === depth) ? thorough : careful;
}

function charactersOutside(text: string, candidates: readonly Candidate[]): Set<string> {
  const outside = new Set<string>();
  let position = 0;
  for (const candidate of candidates) {
    for (const character of text.slice(position, candidate.offset)) outside.add(character);
    position = candidate.offset + candidate.text.length;
  }
  for (const character of text.slice(position)) outside.add(character);
  return outside;
}

/** The characters beside a run; at the ends of the text those beside the text. */
function surroundings(
  text: string,
  run: { offset: number; length: number },
  outside: Surroundings,
): Surroundings {
  const end = run.offset + run.length;
  return {
    before: run.offset === 0 ? outside.before : text.charAt(run.offset - 1),
    after: end === text.length ? outside.after : text.charAt(end),
  };
}

/** The candidates of the code page that explains most of the run. */
function candidatesOfRun(run: string, depth: Depth): Candidate[] {
  if (!MAY_BE_SEQUENCE.test(run)) return [];
  let best: Candidate[] = [];
  // The pages differ in six letters; without one of them the second could only say the same again.
  for (const page of TURKISH_LETTERS.test(run) ? CODE_PAGES : CODE_PAGES.slice(0, 1)) {
    const found = candidatesOfPage(run, page, depth);
    if (coveredLength(found) > coveredLength(best)) best = found;
  }
  return best;
}

function coveredLength(candidates: readonly Candidate[]): number {
  return candidates.reduce((sum, candidate) => sum + candidate.text.length, 0);
}

/** Splits a run into maximal stretches of well-formed sequences; the genuine characters between them stay. */
function candidatesOfPage(run: string, page: CodePage, depth: Depth): Candidate[] {
  const characters = [...run];
  const bytes = characters.map((character) => page.byteOf.get(character) ?? -1);
  const found: Candidate[] = [];
  let offset = 0;
  let index = 0;
  while (index < bytes.length) {
    const pieces = piecesAt(characters, bytes, index);
    if (pieces.length === 0) {
      offset += characters[index]?.length ?? 1;
      index += 1;
      continue;
    }
    const text = pieces.map((piece) => piece.original).join('');
    const next = index + pieces.reduce((sum, piece) => sum + piece.length, 0);
    const context = {
      ...depth,
      before: characters[index - 1] ?? depth.before,
      after: characters[next] ?? depth.after,
    };
    const candidate = candidateOf(pieces, { page, offset, text, depth: context });
    if (candidate) found.push(candidate);
    index = next;
    offset += text.length;
  }
  return found;
}

type Piece = Evidence & Readonly<{ length: number }>;

function piecesAt(characters: readonly string[], bytes: readonly number[], start: number): Piece[] {
  const pieces: Piece[] = [];
  let index = start;
  while ((bytes[index] ?? -1) >= 0) {
    const length = sequenceLength(bytes, index);
    if (length < 2) break;
    const original = characters.slice(index, index + length).join('');
    pieces.push({ original, decoded: decodeSequence(bytes, index, length), length });
    index += length;
  }
  return pieces;
}

/** The character of a well-formed sequence (Unicode Standard, table 3-6); a decoder object costs far more here. */
function decodeSequence(bytes: readonly number[], start: number, length: number): string {
  let code = (bytes[start] ?? 0) & (0xff >> (length + 1));
  for (let index = start + 1; index < start + length; index += 1) {
    code = (code << 6) | ((bytes[index] ?? 0) & 0x3f);
  }
  return String.fromCodePoint(code);
}

type Stretch = { page: CodePage; offset: number; text: string; depth: Depth };

function candidateOf(pieces: readonly Evidence[], stretch: Stretch): Candidate | null {
  const decoded = pieces.map((piece) => piece.decoded).join('');
  const inner = peel(decoded, { ...stretch.depth, layersLeft: stretch.depth.layersLeft - 1 });
  // Two layers that both decode strictly do not come about by accident.
  const strength = inner.layers > 0 ? judgeResult(inner.text) : judgeSequence(pieces, stretch.depth);
  if (strength.kind === 'none') return null;
  return {
    offset: stretch.offset,
    text: stretch.text,
    // A byte order mark read as text is not text at all.
    repaired: inner.text.replaceAll('\ufeff', ''),
    codePage: stretch.page.name,
    layers: 1 + inner.layers,
    strength,
  };
}

function judgeResult(text: string): Strength {
  const scripts = [...text].map((character) => (character < '\x80' ? 'latin' : scriptOf(character)));
  const plausible = scripts.every((script) => script !== null);
  return {
    kind: plausible ? 'strong' : 'none',
    script: scripts.find((script) => script !== 'latin') ?? 'latin',
  };
}

/** Removes further layers where a stretch is still double-encoded. */
function peel(text: string, depth: Depth): { text: string; layers: number } {
  if (depth.layersLeft === 0) return { text, layers: 0 };
  let layers = 0;
  const peeled = text.replace(NON_ASCII_RUN, (run, offset: number) => {
    const removed = candidatesOfRun(run, {
      ...depth,
      ...surroundings(text, { offset, length: run.length }, depth),
    }).filter((candidate) => depth.inner === 'any' || candidate.strength.kind === 'strong');
    for (const candidate of removed) layers = Math.max(layers, candidate.layers);
    return replaceStretches(run, removed);
  });
  return { text: peeled, layers };
}

/** The text with each stretch repaired; stretches are in order and do not overlap. */
export function replaceStretches(
  text: string,
  stretches: ReadonlyArray<Pick<DoubleEncoded, 'offset' | 'text' | 'repaired'>>,
): string {
  let result = '';
  let position = 0;
  for (const stretch of stretches) {
    result += text.slice(position, stretch.offset) + stretch.repaired;
    position = stretch.offset + stretch.text.length;
  }
  return result + text.slice(position);
}
