import { fault } from '#base/fault.ts';

const maxPathBytes = 4096;
const maxNameBytes = 255;

/** A path inside a workspace, taken apart; the workspace itself has no segments. */
export interface WorkspacePath {
  /** As it is shown and stored: segments joined by `/`. */
  readonly text: string;
  readonly segments: readonly string[];
}

/**
 * Parses what a client calls a path: relative, forward slashes, no `.` or `..` in any spelling. It refuses rather
 * than repairs, since a repaired path is not the one that the caller (or a log, or an approval) saw.
 * @throws files.path_invalid, files.path_escapes, files.too_deep
 */
export function parseWorkspacePath(text: string, limits: { readonly depth: number }): WorkspacePath {
  if (text === '') return { text, segments: [] };
  const refuse = (reason: string) => fault('files.path_invalid', { path: shown(text), reason });
  if (!text.isWellFormed()) throw refuse('it is not valid Unicode');
  if (Buffer.byteLength(text) > maxPathBytes) throw refuse(`it is longer than ${maxPathBytes} bytes`);
  if (text.includes('\0')) throw refuse('it contains a NUL character');
  if (text.includes('\\')) throw refuse('it contains a backslash');
  if (text.startsWith('/') || /^[A-Za-z]:/.test(text)) throw escapes(text);
  const segments = text.split('/');
  for (const segment of segments) checkSegment(segment, text);
  if (segments.length > limits.depth)
    throw fault('files.too_deep', { path: shown(text), limit: limits.depth });
  return { text, segments };
}

function checkSegment(segment: string, whole: string): void {
  const refuse = (reason: string) => fault('files.path_invalid', { path: shown(whole), reason });
  if (segment === '') throw refuse('it has an empty part');
  if (segment === '.') throw refuse('it has a part that is a single dot');
  if (climbs(segment)) throw escapes(whole);
  if (Buffer.byteLength(segment) > maxNameBytes)
    throw refuse(`a name in it is longer than ${maxNameBytes} bytes`);
  if (/[\p{Cc}\u2028\u2029]/u.test(segment)) throw refuse('it contains a control character');
  if (/[\u202a-\u202e\u2066-\u2069]/.test(segment))
    throw refuse('it contains a character that reverses text');
}

/**
 * True for `..` and for what some layer may turn into it or into a separator: full-width forms, one- and two-dot
 * leaders, percent encoding (also doubled). On Linux these are harmless names; nobody needs one, and a file that
 * is later unpacked, served or synchronised elsewhere would carry the trap along.
 */
function climbs(segment: string): boolean {
  let text = segment;
  for (let round = 0; round < 3; round += 1) {
    const folded = text.normalize('NFKC');
    if (folded === '..' || folded === '.' || /[/\\\0]/.test(folded)) return true;
    const decoded = folded.replace(/%([0-9a-f]{2})/gi, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
    if (decoded === text) return false;
    text = decoded;
  }
  return false;
}

/** True for `.git` in every spelling that a case-folding or short-name file system would take for it. */
export function isGitName(name: string): boolean {
  if (name.length < 4 || name.length > 40) return false;
  const folded = name
    .normalize('NFKC')
    .replace(/[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g, '')
    .replace(/[. ]+$/, '')
    .toLowerCase();
  return folded === '.git' || /^git~\d$/.test(folded) || folded.startsWith('.git::');
}

/** The fault for a path that leads, or might lead, out of its workspace. */
export function escapes(path: string): Error {
  return fault('files.path_escapes', { path: shown(path) });
}

/** A path as it may stand in a message: bounded, without control characters. */
export function shown(path: string): string {
  const clean = path.toWellFormed().replace(/[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu, '\ufffd');
  return clean.length <= 200 ? clean : `${clean.slice(0, 199)}…`;
}
