/**
 * Exact decimal arithmetic on bigint: a number is a count of units of 10^-scale. Prices and costs have a scale of
 * 12, token weights one of 6; a price times a count of tokens is therefore exact, and nothing is ever a float.
 */
export const moneyScale = 12;
export const weightScale = 6;

/**
 * Reads a plain decimal text ("0.00000015") as units of 10^-scale.
 * @throws RangeError for anything else, and for more digits after the point than the scale has
 */
export function parseDecimal(text: string, scale: number): bigint {
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text);
  if (match === null) throw new RangeError('not a plain decimal');
  const [, sign, whole = '0', fraction = ''] = match;
  const significant = fraction.replace(/0+$/, '');
  if (significant.length > scale) throw new RangeError(`more than ${scale} digits after the point`);
  const units = BigInt(whole + significant.padEnd(scale, '0'));
  return sign === '-' ? -units : units;
}

/** Writes units of 10^-scale as the shortest plain decimal: "0.00015", "12". */
export function formatDecimal(units: bigint, scale: number): string {
  const digits = (units < 0n ? -units : units).toString().padStart(scale + 1, '0');
  const whole = digits.slice(0, digits.length - scale);
  const fraction = digits.slice(digits.length - scale).replace(/0+$/, '');
  return `${units < 0n ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`;
}

/** Divides non-negative numbers, rounding up. */
export function divideUp(dividend: bigint, divisor: bigint): bigint {
  return (dividend + divisor - 1n) / divisor;
}
