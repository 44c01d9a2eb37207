import { access, stat } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { type FlowConfig, parseFlowConfig } from '../core/config.ts';
import { FlowFault } from '../core/fault.ts';

const configNames = ['flow.config.ts', 'flow.config.mts', 'flow.config.js', 'flow.config.mjs'];

/**
 * Reads the site's configuration; every setting has a default, so a folder without the file is a valid site.
 * The file is code of the site and runs with the rights of the caller, as any build script does.
 * @throws flow.root_missing, flow.config_unreadable, flow.config_invalid, flow.config_unknown_key
 */
export async function loadFlowConfig(rootDir: string): Promise<FlowConfig> {
  const root = await stat(rootDir).catch(() => null);
  if (!root?.isDirectory()) throw rootFault(rootDir);
  for (const name of configNames) {
    const file = path.join(rootDir, name);
    const exists = await access(file).then(
      () => true,
      () => false,
    );
    if (exists) return parseFlowConfig(await importDefault(file, name));
  }
  return parseFlowConfig({});
}

async function importDefault(file: string, name: string): Promise<unknown> {
  const { mtimeMs } = await stat(file);
  try {
    // The query makes a long-lived process read a changed file again.
    const module: { default?: unknown } = await import(`${pathToFileURL(file).href}?changed=${mtimeMs}`);
    return module.default ?? {};
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split('\n')[0] : String(cause);
    throw new FlowFault('flow.config_unreadable', {
      file: name,
      text: { en: `${name} can't be loaded: ${reason}`, de: `${name} lässt sich nicht laden: ${reason}` },
      fix: {
        en: `Correct it; it is a module whose default export holds the settings. See: node ${name}`,
        de: `Berichtigen; es ist ein Modul, dessen Default-Export die Einstellungen enthält. Siehe: node ${name}`,
      },
      cause,
    });
  }
}

function rootFault(rootDir: string): FlowFault {
  return new FlowFault('flow.root_missing', {
    text: { en: `${rootDir} is no folder.`, de: `${rootDir} ist kein Ordner.` },
    fix: {
      en: "Run it in the site's folder, or name one: --root DIR",
      de: 'Im Ordner der Website aufrufen oder einen nennen: --root ORDNER',
    },
  });
}
