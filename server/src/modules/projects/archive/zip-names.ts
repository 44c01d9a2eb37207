import { isUtf8 } from 'node:buffer';
import { type Entry, getFileNameLowLevel, validateFileName } from 'yauzl';

/** Bit 11 of an entry's flags: its name is UTF-8 (APPNOTE.TXT 4.4.4). */
const saysUtf8 = 0x800;

/**
 * The name of an entry of a zip that was opened without decoding names, with forward slashes. Info-ZIP's Unicode path
 * (APPNOTE.TXT 4.6.9) comes first; then UTF-8, also where the flag is not set, as macOS and many programs write it;
 * else code page 437 (APPNOTE.TXT appendix D), which names every byte: no two names become one.
 * @throws Error for an absolute name, or one that steps up
 */
export function entryName({ fileNameRaw, generalPurposeBitFlag, extraFields }: Entry): string {
  const flags = isUtf8(fileNameRaw) ? generalPurposeBitFlag | saysUtf8 : generalPurposeBitFlag & ~saysUtf8;
  const name = getFileNameLowLevel(flags, fileNameRaw, extraFields, false);
  const wrong = validateFileName(name);
  if (wrong !== null) throw new Error(wrong);
  return name;
}
