import { existsSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { z } from 'zod';
import { fault } from '#base/fault.ts';
import { coerceText } from './coerce.ts';

export type ConfigSections = Readonly<Record<string, z.ZodObject>>;
export type LoadedConfig<Sections extends ConfigSections> = {
  readonly [Name in keyof Sections]: z.output<Sections[Name]>;
};
export type Environment = Readonly<Record<string, string | undefined>>;

/** `http` + `allowedHosts` → `CDS_HTTP_ALLOWED_HOSTS`, unless the key's schema names another by `.meta({ env })`. */
export function environmentName(section: string, key: string, schema: z.ZodType): string {
  const named = schema.meta()?.env;
  if (typeof named === 'string') return named;
  const constant = (text: string) => text.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toUpperCase();
  return `CDS_${constant(section)}_${constant(key)}`;
}

/** Reads `cds.config.ts` of the given folder: `export const config = { http: { port: 8080 } }`. Absent: empty. */
export async function readConfigFile(folder: string): Promise<Record<string, unknown>> {
  const file = path.join(folder, 'cds.config.ts');
  if (!existsSync(file)) return {};
  const loaded: { config?: unknown } = await import(pathToFileURL(file).href);
  if (typeof loaded.config !== 'object' || loaded.config === null) {
    throw fault('config.invalid', { name: 'cds.config.ts', reason: 'it must export an object named config' });
  }
  return loaded.config as Record<string, unknown>;
}

/**
 * Builds the configuration of every section: environment over file over defaults.
 * @throws config.invalid naming the first wrong variable or file key, and what is wrong with it
 */
export function loadConfig<Sections extends ConfigSections>(
  sections: Sections,
  environment: Environment,
  file: Record<string, unknown> = {},
): LoadedConfig<Sections> {
  const result: Record<string, unknown> = {};
  for (const [section, schema] of Object.entries(sections)) {
    result[section] = loadSection(section, schema, { environment, file: file[section] });
  }
  return result as LoadedConfig<Sections>;
}

function loadSection(
  section: string,
  schema: z.ZodObject,
  sources: { environment: Environment; file: unknown },
): unknown {
  const values: Record<string, unknown> = { ...(sources.file as object | undefined) };
  const names: Record<string, string> = {};
  for (const [key, keySchema] of Object.entries(schema.shape)) {
    const name = environmentName(section, key, keySchema as z.ZodType);
    const text = sources.environment[name];
    if (text === undefined || text === '') {
      names[key] = `${section}.${key}`;
      continue;
    }
    names[key] = name;
    values[key] = coerceText(keySchema, text);
  }
  const parsed = schema.strict().safeParse(values);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const key = String(issue?.path[0] ?? '');
  throw fault('config.invalid', { name: names[key] ?? section, reason: issue?.message ?? 'not valid' });
}

/** Variables that begin with `CDS_` and belong to no section: most often a misspelt name. */
export function unknownVariables(sections: ConfigSections, environment: Environment): string[] {
  const known = new Set<string>();
  for (const [section, schema] of Object.entries(sections)) {
    for (const [key, keySchema] of Object.entries(schema.shape)) {
      known.add(environmentName(section, key, keySchema as z.ZodType));
    }
  }
  return Object.keys(environment).filter(
    (name) => name.startsWith('CDS_') && !name.startsWith('CDS_TEST_') && !known.has(name),
  );
}
