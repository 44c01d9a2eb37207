import type { FaultDefinitions } from './fault.ts';

/** Faults of answers that come in pieces over a WebSocket. */
export const streamFaults = {
  'stream.needs_websocket': {
    status: 400,
    detail: {
      en: '{method} answers in pieces, which needs a WebSocket.',
      de: '{method} antwortet in Teilen; dafür ist ein WebSocket nötig.',
    },
    hint: {
      en: 'Call it on /ws, with an id.',
      de: 'Rufen Sie die Methode über /ws und mit einer id auf.',
    },
  },
  'stream.unknown': {
    status: 404,
    detail: {
      en: 'The stream {streamId} does not exist, or has ended a while ago.',
      de: 'Der Stream {streamId} existiert nicht oder ist schon länger beendet.',
    },
    hint: { en: 'Call the method again.', de: 'Rufen Sie die Methode erneut auf.' },
  },
  'stream.gap': {
    status: 409,
    detail: {
      en: 'What came after frame {afterSeq} of the stream is no longer kept.',
      de: 'Was nach Teil {afterSeq} des Streams kam, ist nicht mehr aufbewahrt.',
    },
    hint: {
      en: 'Cancel it and call the method again; confirming frames with stream.ack prevents gaps.',
      de: 'Brechen Sie ihn ab und rufen Sie die Methode erneut auf; stream.ack verhindert Lücken.',
    },
  },
  'stream.reader_stuck': {
    status: 503,
    detail: {
      en: 'The stream was ended because its reader took nothing for {stuckMs} ms.',
      de: 'Der Stream wurde beendet, weil {stuckMs} ms lang nichts gelesen wurde.',
    },
    hint: {
      en: 'Read faster, or ask for less at once.',
      de: 'Lesen Sie schneller oder fordern Sie weniger auf einmal an.',
    },
  },
  'stream.too_many': {
    status: 413,
    detail: {
      en: 'At most {limit} streams can run at once here.',
      de: 'Hier können höchstens {limit} Streams gleichzeitig laufen.',
    },
    hint: { en: 'Cancel one first.', de: 'Brechen Sie zuerst einen ab.' },
  },
} as const satisfies FaultDefinitions;
