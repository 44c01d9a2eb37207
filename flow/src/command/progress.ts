import { formatPlace } from '../core/fault.ts';
import type { Reporter } from '../core/progress.ts';
import type { FlowTerminal } from './terminal.ts';

/** Shows a run step by step: `[3/8] Name assets by content`, what it did, and what a person should look at. */
export function terminalReporter(terminal: FlowTerminal): Reporter {
  const { language } = terminal;
  const line = (text: string) => terminal.printError(text);
  return (event) => {
    switch (event.kind) {
      case 'started':
        line(`[${event.position}/${event.total}] ${event.title[language]}`);
        break;
      case 'info':
        line(`      ${event.text[language]}`);
        break;
      case 'warning': {
        const { warning } = event;
        const place = formatPlace(warning);
        line(`      ! ${place === '' ? '' : `${place}: `}${warning.text[language]} (${warning.code})`);
        if (warning.fix !== undefined) line(`        → ${warning.fix[language]}`);
        break;
      }
      case 'advanced':
        terminal.status?.(`      ${event.done}/${event.total}`);
        break;
      case 'finished':
        line(`      ${event.summary[language]} (${formatDuration(event.durationMs)})`);
        break;
      case 'failed':
        line(`      ✘ ${event.code} (${formatDuration(event.durationMs)})`);
        break;
    }
  };
}

function formatDuration(durationMs: number): string {
  return durationMs < 1000 ? `${durationMs} ms` : `${(durationMs / 1000).toFixed(1)} s`;
}
