import { fault } from '#base/fault.ts';

/** Larger grammars take long to read, and the sampler walks through them with each token. */
const grammarBytesAtMost = 256 << 10;

/** Rules of a grammar in GBNF, the notation of llama.cpp (grammars/README.md there). */
export class Rules {
  readonly #rules = new Map<string, string>();
  #size = 0;

  /** Adds a rule under a name of its own and returns that name. */
  add(hint: string, body: string): string {
    const base = hint.replaceAll(/[^a-zA-Z0-9]+/g, '-').slice(0, 30) || 'rule';
    let name = base;
    for (let count = 1; this.#rules.has(name); count += 1) name = `${base}-${count}`;
    this.set(name, body);
    return name;
  }

  /** Takes a name whose body comes later, for rules that use themselves. */
  reserve(hint: string): string {
    return this.add(hint, '""');
  }

  set(name: string, body: string): void {
    this.#size += name.length + body.length + 6;
    if (this.#size > grammarBytesAtMost) throw schemaUnsupported('it is too large', '#');
    this.#rules.set(name, body);
  }

  /** Adds a rule of a fixed name once. */
  ensure(name: string, body: string): string {
    if (!this.#rules.has(name)) this.set(name, body);
    return name;
  }

  text(): string {
    return [...this.#rules].map(([name, body]) => `${name} ::= ${body}\n`).join('');
  }
}

/** A text that must stand there literally. */
export function literal(text: string): string {
  const escaped = text.replaceAll(/["\\\n\r\t]/g, (character) => escapes[character] ?? character);
  return `"${escaped}"`;
}

const escapes: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

/** A part that may come from `least` to `most` times. */
export function repeated(part: string, least: number, most: number | null): string {
  if (most === 0) return '""';
  if (least === 1 && most === 1) return part;
  return `(${part}){${least},${most ?? ''}}`;
}

/** The fault of a schema that no grammar can enforce; `path` is a JSON pointer. */
export function schemaUnsupported(reason: string, path: string): Error {
  return fault('llm.schema_unsupported', { reason: `${reason} (${path})`, path });
}
