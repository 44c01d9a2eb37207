import { Ajv2020 } from 'ajv/dist/2020.js';
import { schemaUnsupported } from './rules.ts';

type Schema = Readonly<Record<string, unknown>>;

/** Checks values against a schema; says what is wrong, or null. @throws llm.schema_unsupported for an invalid schema */
export function createValidator(schema: Schema): (value: unknown) => string | null {
  // An older draft's name would make Ajv look for that draft; the keywords that are let through mean the same.
  const { $schema: _draft, $id: _id, ...rest } = schema;
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  let check: ReturnType<Ajv2020['compile']>;
  try {
    check = ajv.compile(rest);
  } catch (error) {
    throw schemaUnsupported(error instanceof Error ? error.message : String(error), '#');
  }
  return (value) => (check(value) ? null : ajv.errorsText(check.errors));
}

/** The same for JSON text. */
export function createTextValidator(schema: Schema | null): (text: string) => string | null {
  const validate = schema === null ? null : createValidator(schema);
  return (text) => {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      return 'it is no JSON';
    }
    return validate?.(value) ?? null;
  };
}
