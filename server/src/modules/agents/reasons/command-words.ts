import type { LocalizedText } from '#base/fault.ts';

/** Why a program may not run, or only with its user's leave. */
export const commandWords = {
  runs_nothing: { en: 'this agent runs no programs', de: 'dieser Agent führt keine Programme aus' },
  line_unreadable: { en: 'it cannot be parsed', de: 'es lässt sich nicht lesen' },
  reaches_out: { en: '{command} reaches out of the project', de: '{command} reicht aus dem Projekt hinaus' },
  lies_outside: { en: '{path} lies outside of the project', de: '{path} liegt außerhalb des Projekts' },
  destroys: { en: '{command} can destroy files', de: '{command} kann Dateien zerstören' },
  find_acts: {
    en: 'find would change files or run programs',
    de: 'find würde Dateien ändern oder Programme ausführen',
  },
  not_harmless: {
    en: '{command} is not known to be harmless',
    de: '{command} ist nicht als harmlos bekannt',
  },
  touches_history: {
    en: 'agents do not touch the repository’s history',
    de: 'Agenten rühren die Geschichte des Repositorys nicht an',
  },
  shell_script: { en: 'a shell would run a script', de: 'eine Shell würde ein Skript ausführen' },
  shell_line: {
    en: 'the shell line is more than one plain command',
    de: 'die Shell-Zeile ist mehr als ein einfacher Befehl',
  },
  shell_nested: { en: 'a shell would start a shell', de: 'eine Shell würde eine Shell starten' },
  fetches: {
    en: '{command} can fetch or run what the project does not have',
    de: '{command} kann holen oder ausführen, was das Projekt nicht hat',
  },
  inline_code: {
    en: '{command} would run code from its arguments',
    de: '{command} würde Code aus seinen Argumenten ausführen',
  },
  inline_python: {
    en: 'python would run code from its arguments: {code}',
    de: 'python würde Code aus seinen Argumenten ausführen: {code}',
  },
} as const satisfies Record<string, LocalizedText>;
