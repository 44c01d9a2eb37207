import path from 'node:path';

const TEXT_EXTENSIONS = new Set(
  (
    'html htm xhtml shtml md markdown mdx txt css scss sass less js mjs cjs jsx ts mts cts tsx json json5 jsonc map webmanifest ' +
    'xml svg rss atom xsl yaml yml toml ini cfg conf csv tsv py rb php java kt go rs c h cc cpp hpp cs swift sh bash zsh fish ' +
    'ps1 bat cmd sql graphql gql proto vue svelte astro njk liquid hbs ejs tex rst adoc org po pot properties env lua pl pm r ' +
    'srt vtt ics vcf gitignore editorconfig htaccess'
  ).split(' '),
);

const BINARY_EXTENSIONS = new Set(
  (
    'png jpg jpeg gif webp avif ico bmp tif tiff heic jxl mp3 mp4 m4a m4v mov webm ogg oga ogv wav flac aac woff woff2 ttf otf eot ' +
    'pdf zip gz tgz bz2 xz zst br 7z rar tar wasm exe dll so dylib class jar o a bin dat db sqlite gguf psd ai docx xlsx pptx odt ods'
  ).split(' '),
);

const SNIFFED_BYTES = 8000;

/**
 * Whether a file is text: by its extension, else by its first 8,000 bytes (no NUL, hardly any control characters).
 * Known text extensions count whatever the bytes are: that is how UTF-16 and broken text come to light.
 */
export function isTextFile(name: string, bytes: Uint8Array): boolean {
  const extension =
    path.posix.extname(name).slice(1).toLowerCase() || path.posix.basename(name).replace(/^\./, '');
  if (TEXT_EXTENSIONS.has(extension)) return true;
  if (BINARY_EXTENSIONS.has(extension)) return false;
  const head = bytes.subarray(0, SNIFFED_BYTES);
  let controls = 0;
  for (const byte of head) {
    if (byte === 0) return false;
    if (byte < 32 && byte !== 9 && byte !== 10 && byte !== 12 && byte !== 13 && byte !== 27) controls += 1;
  }
  return controls * 100 <= head.length;
}
