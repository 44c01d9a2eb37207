/** Alternatives of GBNF that match exactly the whole numbers from `least` to `most`, without leading zeros. */
export function integerRange(least: number, most: number): string {
  const parts: string[] = [];
  if (least < 0) {
    const low = Math.max(1, -Math.min(most, -1));
    parts.push(...digitRanges(low, -least).map((part) => `"-" ${part}`));
  }
  if (most >= 0) parts.push(...digitRanges(Math.max(least, 0), most));
  return parts.join(' | ');
}

/** Splits a range into parts that are each a fixed beginning, one digit of a range, and free digits. */
function digitRanges(least: number, most: number): string[] {
  const parts: string[] = [];
  for (let low = least; low <= most; ) {
    const { step, high } = widestStep(low, most);
    parts.push(partOf(low, high, step));
    low = high + 1;
  }
  return parts;
}

/** The longest run from `low` whose last digits are all free and whose digit before them alone varies. */
function widestStep(low: number, most: number): { readonly step: number; readonly high: number } {
  const digits = String(low).length;
  const limit = Math.min(most, 10 ** digits - 1);
  let step = 1;
  while (low % (step * 10) === 0 && low + step * 10 - 1 <= limit && step * 10 < 10 ** digits) step *= 10;
  const place = Math.floor(low / step) % 10;
  const room = 9 - place;
  const steps = Math.min(room, Math.floor((limit - low + 1) / step) - 1);
  return { step, high: low + (steps + 1) * step - 1 };
}

function partOf(low: number, high: number, step: number): string {
  const free = String(step).length - 1;
  const lowText = String(low);
  const fixed = lowText.slice(0, lowText.length - free - 1);
  const from = lowText.charAt(lowText.length - free - 1);
  const to = String(high).charAt(lowText.length - free - 1);
  const head = fixed === '' ? '' : `"${fixed}" `;
  const tail = free === 0 ? '' : ` [0-9]{${free}}`;
  return `${head}[${from}-${to}]${tail}`;
}
