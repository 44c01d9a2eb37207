import { readFileSync } from 'node:fs';

/** The platform's version, as package.json says. */
export function platformVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return version;
}
