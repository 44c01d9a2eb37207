export const terminalTexts = {
  en: {
    terminal: 'Terminal',
    add: 'New terminal',
    close: (name: string) => `Close ${name}`,
    none: 'No terminal is open.',
    ended: (code: number | null) => `The shell has ended${code === null ? '' : ` with ${code}`}.`,
    name: (index: number) => `Terminal ${index}`,
    hide: 'Hide panel',
    show: 'Show terminal',
  },
  de: {
    terminal: 'Terminal',
    add: 'Neues Terminal',
    close: (name: string) => `${name} schließen`,
    none: 'Kein Terminal ist offen.',
    ended: (code: number | null) => `Die Shell ist beendet${code === null ? '' : ` mit ${code}`}.`,
    name: (index: number) => `Terminal ${index}`,
    hide: 'Bereich ausblenden',
    show: 'Terminal zeigen',
  },
};
