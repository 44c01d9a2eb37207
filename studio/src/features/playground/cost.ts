/** An exact decimal ("0.0000006") times a count, as the shortest decimal; never through a float. */
export function timesDecimal(decimal: string, count: number): string {
  const [whole = '0', fraction = ''] = decimal.split('.');
  const digits = (BigInt(whole + fraction) * BigInt(count)).toString().padStart(fraction.length + 1, '0');
  const point = digits.length - fraction.length;
  const rest = digits.slice(point).replace(/0+$/, '');
  return rest === '' ? digits.slice(0, point) : `${digits.slice(0, point)}.${rest}`;
}

/** About how many tokens a text has: four bytes each, as usual in English. For a first look; the server counts exactly. */
export function aboutTokens(text: string): number {
  return Math.ceil(new TextEncoder().encode(text).length / 4);
}
