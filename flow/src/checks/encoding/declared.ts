/** A character set that the file itself or the project's settings name. */
export type DeclaredCharset = Readonly<{ label: string; source: 'file' | 'settings' }>;

/** How far into a file a declaration counts; the HTML standard scans 1024 bytes. */
const SCAN_BYTES = 1024;

const DECLARATIONS: readonly RegExp[] = [
  /<meta\s[^>]*charset\s*=\s*["']?\s*([a-z0-9_:.-]+)/i,
  /^\s*@charset\s+"([^"]+)"/i,
  /^\s*<\?xml\s[^>]*encoding\s*=\s*["']([^"']+)["']/i,
  /^[ \t]*(?:#|\/\/|\/\*|--|;|<!--).*?coding[:=]\s*([a-z0-9_.-]+)/im,
];

/**
 * The character set a file declares in its first 1024 bytes (HTML meta, CSS @charset, XML prolog, coding comment),
 * or null. Only what is declared may be converted: a detector's guess never is.
 */
export function readDeclaredCharset(bytes: Uint8Array): DeclaredCharset | null {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, SCAN_BYTES)).toString(
    'latin1',
  );
  for (const pattern of DECLARATIONS) {
    const label = pattern.exec(head)?.[1];
    if (label) return { label: label.toLowerCase(), source: 'file' };
  }
  return null;
}

/** True for the labels of UTF-8 (WHATWG Encoding Standard, section 4.2). */
export function isUtf8Label(label: string): boolean {
  return /^(?:unicode-1-1-|x-unicode20)?utf-?8$|^unicode11utf8$|^unicode20utf8$/i.test(label.trim());
}

/**
 * Decodes strictly by a declared character set; null when the label is unknown or the bytes do not fit it.
 */
export function decodeDeclared(bytes: Uint8Array, label: string): string | null {
  try {
    return new TextDecoder(label, { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** Rewrites the declaration of a converted file, so that it says what the file now is. */
export function declareUtf8(text: string): string {
  const head = text.slice(0, SCAN_BYTES);
  const rewritten = DECLARATIONS.reduce(
    (current, pattern) =>
      current.replace(pattern, (whole, label: string) => {
        const at = whole.lastIndexOf(label);
        return `${whole.slice(0, at)}utf-8${whole.slice(at + label.length)}`;
      }),
    head,
  );
  return rewritten + text.slice(SCAN_BYTES);
}
