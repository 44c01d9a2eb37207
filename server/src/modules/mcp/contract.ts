import { z } from 'zod';
import { defineContract } from '#base/contract.ts';
import { AiClient, ClientConfig } from './contract-clients.ts';

/**
 * The platform's tools for AI clients, by the Model Context Protocol at `POST /mcp`, and how such clients are set up. The
 * tools are methods of other contracts.
 */
export const mcpContract = defineContract('mcp', {
  methods: {
    'client.config': {
      summary: 'The set-up of another AI client (Continue, Aider, opencode) that points it at this platform.',
      access: 'viewer',
      rateClass: 'read',
      params: z.strictObject({
        client: AiClient,
        /** The address under which the client reaches the platform. */
        url: z.url({ protocol: /^https?$/ }).max(500),
        model: z.string().min(1).max(300).default('auto'),
      }),
      result: ClientConfig,
    },
  },
  events: {},
  faults: {
    'mcp.result_too_large': {
      status: 413,
      detail: {
        en: 'The result has {sizeBytes} bytes; a tool may answer at most {limitBytes}.',
        de: 'Das Ergebnis hat {sizeBytes} Bytes; ein Werkzeug darf höchstens {limitBytes} antworten.',
      },
      hint: {
        en: 'Ask for less: a range (offset, length), one folder, or a smaller limit.',
        de: 'Fragen Sie nach weniger: einem Ausschnitt (offset, length), einem Ordner oder mit kleinerem limit.',
      },
    },
    'mcp.no_key': {
      status: 401,
      detail: { en: 'There is no API key.', de: 'Es gibt keinen API-Schlüssel.' },
      hint: {
        en: 'Make a key in the studio (Account, API keys); then cds login, or set CDS_API_KEY.',
        de: 'Legen Sie im Studio einen Schlüssel an (Konto, API-Schlüssel); dann cds login oder CDS_API_KEY setzen.',
      },
    },
    'mcp.key_refused': {
      status: 401,
      detail: { en: '{url} refused the API key.', de: '{url} hat den API-Schlüssel abgelehnt.' },
      hint: {
        en: 'Check CDS_API_KEY: the key may have been revoked or have expired.',
        de: 'Prüfen Sie CDS_API_KEY: Der Schlüssel kann widerrufen oder abgelaufen sein.',
      },
    },
    'mcp.unreachable': {
      status: 503,
      detail: { en: 'No platform answers at {url}.', de: 'Unter {url} antwortet keine Plattform.' },
      hint: {
        en: 'Start it with npm start, or set CDS_URL to its address.',
        de: 'Starten Sie sie mit npm start oder setzen Sie CDS_URL auf ihre Adresse.',
      },
    },
    'mcp.busy': {
      status: 429,
      detail: {
        en: 'You have {limit} requests under way at /mcp; that is the most.',
        de: 'Sie haben {limit} laufende Anfragen an /mcp; das ist die Grenze.',
      },
      hint: { en: 'Wait until one has ended.', de: 'Warten Sie, bis eine beendet ist.' },
    },
  },
});
