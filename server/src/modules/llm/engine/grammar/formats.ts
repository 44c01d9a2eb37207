/** Formats of strings that a grammar can hold to; days are 01 to 31 in every month, as far as a grammar goes. */
const month = '("0" [1-9] | "1" [0-2])';
const day = '("0" [1-9] | [1-2] [0-9] | "3" [0-1])';
const date = `[0-9]{4} "-" ${month} "-" ${day}`;
const time =
  '([01] [0-9] | "2" [0-3]) ":" [0-5] [0-9] ":" [0-5] [0-9] ("." [0-9]{1,6})? ("Z" | [-+] ([01] [0-9] | "2" [0-3]) ":" [0-5] [0-9])';
const hex = '[0-9a-f]';

const formats: Readonly<Record<string, string>> = {
  date,
  time,
  'date-time': `${date} "T" ${time}`,
  uuid: `${hex}{8} "-" ${hex}{4} "-" ${hex}{4} "-" ${hex}{4} "-" ${hex}{12}`,
};

/** The inside of a JSON string of this format, or null where no grammar is known. */
export function formatRule(format: string): string | null {
  return Object.hasOwn(formats, format) ? (formats[format] ?? null) : null;
}
