/**
 * The single-byte character sets that UTF-8 is most often misread as, inverted: character → byte.
 * Source: the indexes windows-1252 and windows-1254 of the WHATWG Encoding Standard.
 * Bytes 80-9F also come back from the C1 controls themselves, since programs that read Latin-1 leave them so
 * and the holes of windows-1252 (81 8D 8F 90 9D) fall through to them.
 */
const WINDOWS_1252_HIGH = '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ';

/** What windows-1254 (Turkish) has in other places than windows-1252. */
const TURKISH: ReadonlyArray<readonly [string, number]> = [
  ['Ğ', 0xd0],
  ['İ', 0xdd],
  ['Ş', 0xde],
  ['ğ', 0xf0],
  ['ı', 0xfd],
  ['ş', 0xfe],
];

export type CodePage = Readonly<{ name: string; byteOf: ReadonlyMap<string, number> }>;

/** The code pages to try, most common first. */
export function createCodePages(): readonly CodePage[] {
  const western = new Map<string, number>();
  for (let byte = 0x80; byte <= 0xff; byte += 1) western.set(String.fromCharCode(byte), byte);
  for (const [index, character] of [...WINDOWS_1252_HIGH].entries()) western.set(character, 0x80 + index);
  const turkish = new Map(western);
  for (const replaced of ['Ð', 'Ý', 'Þ', 'ð', 'ý', 'þ', 'Ž', 'ž']) turkish.delete(replaced);
  for (const [character, byte] of TURKISH) turkish.set(character, byte);
  return [
    { name: 'windows-1252', byteOf: western },
    { name: 'windows-1254', byteOf: turkish },
  ];
}
