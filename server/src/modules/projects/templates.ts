import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LocalizedText } from '#base/fault.ts';
import type { TemplateName } from './contract-shapes.ts';

export interface Template {
  readonly name: TemplateName;
  readonly title: LocalizedText;
  readonly description: LocalizedText;
  readonly run: { readonly command: string; readonly args: string[] } | null;
  readonly openFile: string;
}

export const templates: readonly Template[] = [
  {
    name: 'empty',
    title: { en: 'Empty', de: 'Leer' },
    description: { en: 'A README and nothing else.', de: 'Ein README und sonst nichts.' },
    run: null,
    openFile: 'README.md',
  },
  {
    name: 'node-ts',
    title: { en: 'Node.js with TypeScript', de: 'Node.js mit TypeScript' },
    description: {
      en: 'A program with tests; runs at once, without a build or an install.',
      de: 'Ein Programm mit Tests; läuft sofort, ohne Build und ohne Installation.',
    },
    run: { command: 'node', args: ['src/main.ts'] },
    openFile: 'src/main.ts',
  },
  {
    name: 'python',
    title: { en: 'Python', de: 'Python' },
    description: {
      en: 'A program with tests, without dependencies.',
      de: 'Ein Programm mit Tests, ohne Abhängigkeiten.',
    },
    run: { command: 'python3', args: ['main.py'] },
    openFile: 'main.py',
  },
  {
    name: 'static-site',
    title: { en: 'Static site', de: 'Statische Website' },
    description: {
      en: 'One page with style and script, light and dark.',
      de: 'Eine Seite mit Stil und Skript, hell und dunkel.',
    },
    run: { command: 'node', args: ['check.mjs'] },
    openFile: 'index.html',
  },
];

export interface TemplateFile {
  readonly path: string;
  readonly content: string;
}

/** Template files carry this ending, so that no tool of our own takes them for a part of the platform. */
const ending = '.template';
const folder = fileURLToPath(new URL('./templates/', import.meta.url));

/** The files of a template, the project's name filled in as each place needs it. */
export async function readTemplate(template: TemplateName, projectName: string): Promise<TemplateFile[]> {
  const root = path.join(folder, template);
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const names = entries
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)))
    .sort();
  return Promise.all(
    names.map(async (name) => ({
      path: name.slice(0, -ending.length),
      content: fillNames(await readFile(path.join(root, name), 'utf8'), projectName),
    })),
  );
}

function fillNames(text: string, name: string): string {
  const packageName = name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 100);
  const htmlName = name.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
  const values: Readonly<Record<string, string>> = { name, htmlName, packageName: packageName || 'project' };
  return text.replace(/\{(name|htmlName|packageName)\}/g, (_, key: string) => values[key] ?? '');
}
