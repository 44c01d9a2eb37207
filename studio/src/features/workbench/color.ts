/** `#rrggbb` or `#rrggbbaa` of a colour that may be written as `rgb(r g b / a)`; anything else as it is. */
export function hexOf(value: string): string {
  const match = /^rgba?\((\d+)[ ,]+(\d+)[ ,]+(\d+)(?:\s*[/,]\s*([\d.]+))?\)$/.exec(value);
  if (match === null) return value;
  const parts = match.slice(1, 4).map(Number);
  if (match[4] !== undefined) parts.push(Math.round(Number(match[4]) * 255));
  return `#${parts.map((part) => part.toString(16).padStart(2, '0')).join('')}`;
}
