import { parseArgs } from 'node:util';
import type { LocalizedText } from '@cyberdevstudio/server/base/fault.ts';
import { openModels } from '@cyberdevstudio/server/modules/llm/offline.ts';
import { platformConfig } from '../installation.ts';
import { say, type Terminal } from '../terminal.ts';
import { createServerApi, type ModelRow, type ServerApi } from './models-api.ts';
import { printModels, progressLine } from './models-print.ts';

const usage: LocalizedText = {
  en: [
    'Usage: cds models list [--json]',
    '       cds models pull <name in the catalogue | address | owner/repository [file]> [--sha256 <hash>]',
    '       cds models load <model> [--context <tokens>] [--parallel <n>] [--threads <n>] [--pin | --unpin]',
    '                       [--weight <balance tokens per token>] [--input-cost <money>] [--output-cost <money>]',
    '       cds models unload <model>',
    '       cds models rm <model>',
    'With CDS_API_KEY (an administrator’s) the running server at CDS_URL does it, without it the data folder is used;',
    'load and unload need the server.',
  ].join('\n'),
  de: [
    'Aufruf: cds models list [--json]',
    '        cds models pull <Name im Katalog | Adresse | Besitzer/Repository [Datei]> [--sha256 <Prüfsumme>]',
    '        cds models load <Modell> [--context <Token>] [--parallel <n>] [--threads <n>] [--pin | --unpin]',
    '                        [--weight <Guthaben-Token je Token>] [--input-cost <Geld>] [--output-cost <Geld>]',
    '        cds models unload <Modell>',
    '        cds models rm <Modell>',
    'Mit CDS_API_KEY (dem einer Administratorin) tut es der laufende Server unter CDS_URL, sonst wird der Datenordner',
    'benutzt; load und unload brauchen den Server.',
  ].join('\n'),
};

const needsServer: LocalizedText = {
  en: 'This needs the running server: set CDS_API_KEY to an administrator’s key (Settings → API keys).',
  de: 'Dazu ist der laufende Server nötig: Setzen Sie CDS_API_KEY auf den Schlüssel einer Administratorin (Einstellungen → API-Schlüssel).',
};

const options = {
  json: { type: 'boolean' },
  sha256: { type: 'string' },
  context: { type: 'string' },
  parallel: { type: 'string' },
  threads: { type: 'string' },
  weight: { type: 'string' },
  'input-cost': { type: 'string' },
  'output-cost': { type: 'string' },
  pin: { type: 'boolean' },
  unpin: { type: 'boolean' },
} as const;

type Arguments = ReturnType<typeof parse>;

function parse(argv: readonly string[]) {
  return parseArgs({ args: [...argv], options, allowPositionals: true });
}

/** `cds models list|pull|load|unload|rm`: models on this machine, through the running server or in its folder. */
export async function run(argv: readonly string[], terminal: Terminal): Promise<number> {
  let parsed: Arguments;
  try {
    parsed = parse(argv);
  } catch {
    say(terminal, usage);
    return 2;
  }
  const [verb, ...targets] = parsed.positionals;
  const command = verb !== undefined && Object.hasOwn(commands, verb) ? commands[verb] : undefined;
  const [least, most] = command?.targets ?? [1, 0];
  if (command === undefined || targets.length < least || targets.length > most) {
    say(terminal, usage);
    return 2;
  }
  const { CDS_API_KEY: apiKey, CDS_URL: url = 'http://127.0.0.1:6711' } = terminal.environment;
  const server =
    apiKey === undefined || apiKey === ''
      ? null
      : createServerApi({ url, apiKey, language: terminal.language });
  return command.run({ targets, values: parsed.values, terminal, server });
}

interface CommandInput {
  readonly targets: readonly string[];
  readonly values: Arguments['values'];
  readonly terminal: Terminal;
  readonly server: ServerApi | null;
}

interface ModelsCommand {
  /** How many targets it takes, at least and at most. */
  readonly targets: readonly [number, number];
  run(input: CommandInput): Promise<number>;
}

const commands: Readonly<Record<string, ModelsCommand>> = {
  list: { targets: [0, 0], run: list },
  pull: { targets: [1, 2], run: pull },
  load: { targets: [1, 1], run: load },
  unload: { targets: [1, 1], run: unload },
  rm: { targets: [1, 1], run: remove },
};

async function list({ values, terminal, server }: CommandInput): Promise<number> {
  const models = server === null ? await listOffline(terminal) : await server.list();
  if (values.json === true) terminal.print(JSON.stringify(models, null, 2));
  else printModels(models, terminal);
  return 0;
}

async function listOffline(terminal: Terminal): Promise<ModelRow[]> {
  await using models = open(terminal);
  return (await models.list()).map(({ id, sizeBytes, header, problem }) => ({
    id,
    sizeBytes,
    quantization: header?.quantization ?? null,
    contextSize: header?.trainedContextSize ?? null,
    licence: header?.licence ?? null,
    state: header === null ? 'unreadable' : 'available',
    problem,
  }));
}

async function pull({ targets, values, terminal, server }: CommandInput): Promise<number> {
  const [source = '', file] = targets;
  const request = {
    ...(/^https?:/i.test(source) ? { url: source } : { hf: source }),
    ...(file === undefined ? {} : { file }),
    ...(values.sha256 === undefined ? {} : { sha256: values.sha256 }),
  };
  const progress = progressLine(terminal);
  if (server === null) {
    await using models = open(terminal);
    await models.pull(request, progress);
  } else await server.pull(request, progress);
  return 0;
}

async function load({ targets, values, terminal, server }: CommandInput): Promise<number> {
  if (server === null) return refuse(terminal);
  const numbers = { contextSize: values.context, parallel: values.parallel, threads: values.threads };
  const settings: Record<string, unknown> = {};
  for (const [key, text] of Object.entries(numbers)) if (text !== undefined) settings[key] = Number(text);
  const texts = {
    tokenWeight: values.weight,
    inputCost: values['input-cost'],
    outputCost: values['output-cost'],
  };
  for (const [key, text] of Object.entries(texts)) if (text !== undefined) settings[key] = text;
  if (values.pin === true) settings.pinned = true;
  if (values.unpin === true) settings.pinned = false;
  const modelId = targets[0] ?? '';
  await server.load(modelId, settings);
  say(terminal, { en: `${modelId} is loaded.`, de: `${modelId} ist geladen.` });
  return 0;
}

async function unload({ targets, terminal, server }: CommandInput): Promise<number> {
  if (server === null) return refuse(terminal);
  const modelId = targets[0] ?? '';
  await server.unload(modelId);
  say(terminal, { en: `${modelId} is unloaded.`, de: `${modelId} ist entladen.` });
  return 0;
}

async function remove({ targets, terminal, server }: CommandInput): Promise<number> {
  const modelId = targets[0] ?? '';
  if (server === null) {
    await using models = open(terminal);
    await models.remove(modelId);
  } else await server.remove(modelId);
  say(terminal, { en: `${modelId} is deleted.`, de: `${modelId} ist gelöscht.` });
  return 0;
}

function refuse(terminal: Terminal): number {
  terminal.printError(needsServer[terminal.language]);
  return 1;
}

function open({ environment }: Terminal): ReturnType<typeof openModels> {
  const { dataDir } = platformConfig(environment);
  return openModels(dataDir, { hubUrl: environment.CDS_LLM_HUB_URL ?? 'https://huggingface.co' });
}
