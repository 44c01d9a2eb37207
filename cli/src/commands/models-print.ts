import type { LocalizedText } from '@cyberdevstudio/server/base/fault.ts';
import { say, type Terminal } from '../terminal.ts';
import type { ModelRow, PullProgress } from './models-api.ts';

const states: Readonly<Record<string, LocalizedText>> = {
  available: { en: 'available', de: 'vorhanden' },
  loading: { en: 'loading', de: 'lädt' },
  loaded: { en: 'loaded', de: 'geladen' },
  unloading: { en: 'unloading', de: 'wird entladen' },
  failed: { en: 'failed', de: 'ausgefallen' },
  unreadable: { en: 'unusable', de: 'unbrauchbar' },
};

/** A table of models; why one can't be used stands below it. */
export function printModels(models: readonly ModelRow[], terminal: Terminal): void {
  if (models.length === 0) {
    say(terminal, {
      en: 'No models yet. cds models pull <address> brings one, or put a .gguf file into the models folder.',
      de: 'Noch keine Modelle. cds models pull <Adresse> holt eines, oder legen Sie eine .gguf-Datei in den Modellordner.',
    });
    return;
  }
  const width = Math.max(...models.map(({ id }) => id.length));
  for (const { id, sizeBytes, quantization, contextSize, licence, state, problem } of models) {
    const columns = [
      id.padEnd(width),
      megabytes(sizeBytes).padStart(9),
      (quantization ?? '–').padEnd(8),
      String(contextSize ?? '–').padStart(7),
      (states[state]?.[terminal.language] ?? state).padEnd(10),
      licence ?? '–',
    ];
    terminal.print(columns.join('  ').trimEnd());
    if (problem !== null) terminal.print(`  → ${problem}`);
  }
}

/** Prints how far a download is, a line for each tenth and for each state. */
export function progressLine(terminal: Terminal): (progress: PullProgress) => void {
  let last = '';
  return ({ modelId, state, receivedBytes, totalBytes }) => {
    const tenth = totalBytes === null || totalBytes === 0 ? 0 : Math.floor((receivedBytes / totalBytes) * 10);
    const line = `${state} ${tenth}`;
    if (line === last) return;
    last = line;
    if (state === 'finished') say(terminal, { en: `${modelId} is here.`, de: `${modelId} ist da.` });
    else if (state === 'checking') say(terminal, { en: 'checking the file', de: 'Datei wird geprüft' });
    else if (state === 'running') {
      const whole = totalBytes === null ? '?' : megabytes(totalBytes);
      terminal.print(`${megabytes(receivedBytes)} / ${whole}`);
    }
  };
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
