import type { FaultDefinitions } from '#base/fault.ts';

/** How the site.* methods fail. */
export const siteFaults = {
  'site.busy': {
    status: 409,
    detail: {
      en: 'This project’s site is being built or deployed, or too many others are.',
      de: 'Die Site dieses Projekts wird gerade gebaut oder ausgeliefert, oder zu viele andere werden es.',
    },
    hint: { en: 'Wait until that has ended.', de: 'Warten Sie, bis das beendet ist.' },
  },
  'site.flow_failed': {
    status: 422,
    detail: { en: '{place}{reason} ({flowCode})', de: '{place}{reason} ({flowCode})' },
    hint: {
      en: 'Do what the message says, then try again.',
      de: 'Tun Sie, was die Meldung sagt, und versuchen Sie es noch einmal.',
    },
  },
  'site.flow_broke': {
    status: 500,
    detail: {
      en: 'The program that builds sites ended without an answer.',
      de: 'Das Programm, das Sites baut, endete ohne Antwort.',
    },
    hint: {
      en: 'Try again; the server’s log says more.',
      de: 'Versuchen Sie es noch einmal; das Protokoll des Servers sagt mehr.',
    },
  },
  'site.too_large': {
    status: 413,
    detail: {
      en: 'The project has more than {limitFiles} files or {limitBytes} bytes, too much for a site.',
      de: 'Das Projekt hat mehr als {limitFiles} Dateien oder {limitBytes} Bytes, zu viel für eine Site.',
    },
    hint: {
      en: 'Delete what the site does not need, or ask the administrator to raise CDS_SITE_MOST_BYTES.',
      de: 'Löschen Sie, was die Site nicht braucht, oder bitten Sie den Administrator, CDS_SITE_MOST_BYTES zu erhöhen.',
    },
  },
  'site.nothing_built': {
    status: 409,
    detail: {
      en: 'There is no finished release of this project.',
      de: 'Von diesem Projekt gibt es kein fertiges Release.',
    },
    hint: { en: 'Build it first.', de: 'Bauen Sie es zuerst.' },
  },
  'site.preview_expired': {
    status: 404,
    detail: {
      en: 'This preview address does not hold any more.',
      de: 'Diese Vorschau-Adresse gilt nicht mehr.',
    },
    hint: { en: 'Open the preview again in the studio.', de: 'Öffnen Sie die Vorschau im Studio neu.' },
  },
} as const satisfies FaultDefinitions;
