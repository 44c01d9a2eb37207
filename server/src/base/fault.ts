/** A text that a person reads, in both languages of the product. `{name}` is replaced by the fault's data. */
export interface LocalizedText {
  readonly en: string;
  readonly de: string;
}

export type Language = keyof LocalizedText;

/** What a contract promises about one fault code. `status` is the HTTP status; JSON-RPC codes follow from it. */
export interface FaultDefinition {
  readonly status: number;
  readonly detail: LocalizedText;
  readonly hint: LocalizedText;
}

export type FaultDefinitions = Readonly<Record<string, FaultDefinition>>;
export type FaultData = Readonly<Record<string, unknown>>;

/** The one error type: a code that a contract documents, and the values that its text needs. */
export class Fault extends Error {
  override readonly name = 'Fault';
  readonly code: string;
  readonly data: FaultData;
  readonly hint: string | undefined;

  constructor(code: string, data: FaultData, options: FaultOptions) {
    super(code, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.data = data;
    this.hint = options.hint;
  }
}

export interface FaultOptions {
  /** Replaces the contract's hint where the place knows a better one, such as the exact command that helps. */
  hint?: string;
  cause?: unknown;
}

/**
 * Makes a fault to throw. `data` holds what the text names, and reaches the client: never a secret or a host path.
 * @example throw fault('projects.unknown', { id }, { cause: error })
 */
export function fault(code: string, data: FaultData = {}, options: FaultOptions = {}): Fault {
  return new Fault(code, data, options);
}

/** True for a fault, with that code if one is given. */
export function isFault(error: unknown, code?: string): error is Fault {
  return error instanceof Fault && (code === undefined || error.code === code);
}

/**
 * Fills `{name}` in a text from the fault's data, with the words of `language` where a value has some in both; an unknown
 * name stays visible as it is.
 */
export function fillText(text: string, data: FaultData, language: Language = 'en'): string {
  return text.replace(/\{(\w+)\}/g, (whole, key: string) => {
    const value = Object.hasOwn(data, key) ? (data[key] as NonNullable<unknown> | null) : undefined;
    if (value === undefined || value === null) return whole;
    return isLocalized(value) ? value[language] : String(value);
  });
}

function isLocalized(value: NonNullable<unknown>): value is LocalizedText {
  const { en, de } = value as Partial<LocalizedText>;
  return typeof en === 'string' && typeof de === 'string';
}
