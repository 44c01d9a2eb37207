import { type Reason, type ReasonCode, type ReasonData, reason } from '../../reasons/reason.ts';
import { type CheckContext, type CheckResult, passed } from '../check.ts';

const leastContrast = 4.5;

/**
 * Structure of changed HTML pages and contrast of colours that one rule sets together (WCAG 2.2, 1.4.3). What a page
 * looks like in a browser is not judged here.
 */
export async function checkPages(context: CheckContext): Promise<CheckResult> {
  for (const { path, afterHash } of await context.changes()) {
    if (afterHash === null) continue;
    const text = (await context.bench.read(path)) ?? '';
    const problem = /\.html?$/i.test(path)
      ? (structureProblem(path, text) ?? contrastProblem(path, text))
      : /\.css$/i.test(path)
        ? contrastProblem(path, text)
        : null;
    if (problem !== null) return { passed: false, reason: problem, output: problem.en };
  }
  return passed;
}

function structureProblem(path: string, html: string): Reason | null {
  const wrong = (code: ReasonCode, data: ReasonData = {}) => reason(code, { ...data, path });
  const text = html.replace(/<!--[\s\S]*?-->/g, '');
  const whole = /<html\b/i.test(text);
  if (whole && !/<html\b[^>]*\blang\s*=\s*["']?[a-z]/i.test(text)) return wrong('page_lang');
  if (whole && !/<title>\s*[^<\s]/i.test(text)) return wrong('page_title');
  if (whole && !/<meta\b[^>]*name\s*=\s*["']?viewport/i.test(text)) return wrong('page_viewport');
  const headings = [...text.matchAll(/<h([1-6])\b/gi)].map(([, level]) => Number(level));
  if (whole && headings.filter((level) => level === 1).length !== 1) return wrong('page_h1');
  const jump = headings.findIndex((level, index) => level > (headings[index - 1] ?? level) + 1);
  if (jump >= 0) return wrong('page_order', { from: `h${headings[jump - 1]}`, to: `h${headings[jump]}` });
  if (whole && !/<main\b/i.test(text)) return wrong('page_main');
  const image = [...text.matchAll(/<img\b[^>]*>/gi)].find(([tag]) => !/\balt\s*=/i.test(tag));
  if (image !== undefined) return wrong('page_alt', { element: '<img>' });
  const labelled = new Set(
    [...text.matchAll(/<label\b[^>]*\bfor\s*=\s*["']?([^"'\s>]+)/gi)].map(([, id]) => id),
  );
  const withoutWrapped = text.replace(/<label\b[\s\S]*?<\/label>/gi, '');
  for (const [tag, kind = ''] of withoutWrapped.matchAll(/<(input|select|textarea)\b[^>]*>/gi)) {
    if (kind.toLowerCase() === 'input' && /type\s*=\s*["']?(hidden|submit|button|reset|image)/i.test(tag))
      continue;
    const id = /\bid\s*=\s*["']?([^"'\s>]+)/i.exec(tag)?.[1];
    if (!/\baria-label(ledby)?\s*=/i.test(tag) && (id === undefined || !labelled.has(id)))
      return wrong('page_label', { element: `<${kind.toLowerCase()}>` });
  }
  return null;
}

function contrastProblem(path: string, text: string): Reason | null {
  for (const [rule] of text.matchAll(/\{[^{}]*\}|style\s*=\s*"[^"]*"/g)) {
    const front = colourOf(/(?<![\w-])color\s*:\s*([^;}"]+)/i.exec(rule)?.[1]);
    const back = colourOf(/background(?:-color)?\s*:\s*([^;}"]+)/i.exec(rule)?.[1]);
    if (front === null || back === null) continue;
    const ratio = contrast(front, back);
    if (ratio < leastContrast)
      return reason('page_colours', { path, ratio: ratio.toFixed(2), least: leastContrast });
  }
  return null;
}

type Colour = readonly [number, number, number];
const names: Readonly<Record<string, Colour>> = {
  white: [255, 255, 255],
  black: [0, 0, 0],
  red: [255, 0, 0],
  green: [0, 128, 0],
  blue: [0, 0, 255],
  gray: [128, 128, 128],
  grey: [128, 128, 128],
  silver: [192, 192, 192],
  yellow: [255, 255, 0],
  navy: [0, 0, 128],
};

function colourOf(text: string | undefined): Colour | null {
  const value = text?.trim().toLowerCase() ?? '';
  if (Object.hasOwn(names, value)) return names[value] ?? null;
  const short = /^#([0-9a-f])([0-9a-f])([0-9a-f])$/.exec(value);
  if (short !== null) return parts(short.slice(1).map((digit) => Number.parseInt(digit + digit, 16)));
  const long = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/.exec(value);
  if (long !== null) return parts(long.slice(1).map((digits) => Number.parseInt(digits, 16)));
  const numbers = /^rgb\(\s*(\d+)[\s,]+(\d+)[\s,]+(\d+)\s*\)$/.exec(value);
  return numbers === null ? null : parts(numbers.slice(1).map(Number));
}

function parts([red = 0, green = 0, blue = 0]: readonly number[]): Colour {
  return [red, green, blue];
}

function contrast(a: Colour, b: Colour): number {
  const [light = 0, dark = 0] = [luminance(a), luminance(b)].toSorted((x, y) => y - x);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(colour: Colour): number {
  const [red = 0, green = 0, blue = 0] = colour.map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
