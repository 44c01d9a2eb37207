/**
 * `#rrggbb` or `#rrggbbaa` of a colour that may be written as `rgb(r g b / a)`, or that the CSS build has shortened to
 * `#fff`; anything else as it is. Monaco shows no editor at all when one colour of its theme is written otherwise.
 */
export function hexOf(value: string): string {
  const short = /^#([0-9a-f]{3,4})$/i.exec(value)?.[1];
  if (short !== undefined) return `#${[...short].map((digit) => digit + digit).join('')}`;
  const match = /^rgba?\((\d+)[ ,]+(\d+)[ ,]+(\d+)(?:\s*[/,]\s*([\d.]+))?\)$/.exec(value);
  if (match === null) return value;
  const parts = match.slice(1, 4).map(Number);
  if (match[4] !== undefined) parts.push(Math.round(Number(match[4]) * 255));
  return `#${parts.map((part) => part.toString(16).padStart(2, '0')).join('')}`;
}
