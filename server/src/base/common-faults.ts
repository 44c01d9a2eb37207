import type { FaultDefinitions } from './fault.ts';

/** Faults that any part may answer with; a module's own stand in its contract. */
export const commonFaults = {
  'common.parse_error': {
    status: 400,
    detail: { en: 'The request is not valid JSON.', de: 'Die Anfrage ist kein gültiges JSON.' },
    hint: { en: 'Send one UTF-8 JSON text.', de: 'Senden Sie einen JSON-Text in UTF-8.' },
  },
  'common.invalid_request': {
    status: 400,
    detail: { en: 'The request is malformed: {reason}.', de: 'Die Anfrage ist fehlerhaft: {reason}.' },
    hint: { en: 'See the API reference for its shape.', de: 'Die API-Referenz zeigt die richtige Form.' },
  },
  'common.method_not_found': {
    status: 404,
    detail: {
      en: 'There is no method or path {method}.',
      de: 'Die Methode oder der Pfad {method} existiert nicht.',
    },
    hint: { en: 'rpc.discover lists every method.', de: 'rpc.discover listet alle Methoden auf.' },
  },
  'common.invalid_params': {
    status: 400,
    detail: {
      en: 'The field {field} is not valid: {reason}.',
      de: 'Das Feld {field} ist ungültig: {reason}.',
    },
    hint: { en: 'Correct the field and send again.', de: 'Korrigieren Sie das Feld und senden Sie erneut.' },
  },
  'common.unauthenticated': {
    status: 401,
    detail: {
      en: 'No valid sign-in came with the request.',
      de: 'Die Anfrage enthält keine gültige Anmeldung.',
    },
    hint: {
      en: 'Sign in again, or send a valid API key.',
      de: 'Melden Sie sich neu an oder senden Sie einen gültigen API-Schlüssel.',
    },
  },
  'common.forbidden': {
    status: 403,
    detail: {
      en: 'Your role or key does not allow this: {needed} is needed.',
      de: 'Ihre Rolle oder Ihr Schlüssel erlaubt das nicht: {needed} ist nötig.',
    },
    hint: {
      en: 'Ask an administrator for the right.',
      de: 'Bitten Sie eine Administratorin oder einen Administrator um das Recht.',
    },
  },
  'common.foreign_origin': {
    status: 403,
    detail: {
      en: 'Requests from this origin or host are not accepted.',
      de: 'Anfragen von dieser Herkunft oder diesem Host werden nicht angenommen.',
    },
    hint: {
      en: 'Add it to CDS_HTTP_ALLOWED_ORIGINS or CDS_HTTP_ALLOWED_HOSTS if it is yours.',
      de: 'Tragen Sie sie in CDS_HTTP_ALLOWED_ORIGINS oder CDS_HTTP_ALLOWED_HOSTS ein, wenn sie Ihnen gehört.',
    },
  },
  'common.not_found': {
    status: 404,
    detail: { en: 'Nothing was found here.', de: 'Hier wurde nichts gefunden.' },
    hint: { en: 'Check the address.', de: 'Prüfen Sie die Adresse.' },
  },
  'common.conflict': {
    status: 409,
    detail: { en: 'The state has changed meanwhile.', de: 'Der Stand hat sich inzwischen geändert.' },
    hint: {
      en: 'Read the current state, then try again.',
      de: 'Laden Sie den aktuellen Stand und versuchen Sie es erneut.',
    },
  },
  'common.too_large': {
    status: 413,
    detail: {
      en: 'The request is larger than {limitBytes} bytes.',
      de: 'Die Anfrage ist größer als {limitBytes} Bytes.',
    },
    hint: { en: 'Send less at once.', de: 'Senden Sie weniger auf einmal.' },
  },
  'common.rate_limited': {
    status: 429,
    detail: {
      en: 'Too many requests; the next is possible in {retryAfterMs} ms.',
      de: 'Zu viele Anfragen; die nächste ist in {retryAfterMs} ms möglich.',
    },
    hint: { en: 'Wait for that time, then go on.', de: 'Warten Sie so lange und fahren Sie dann fort.' },
  },
  'common.cancelled': {
    status: 499,
    detail: { en: 'The call was cancelled.', de: 'Der Aufruf wurde abgebrochen.' },
    hint: { en: 'Call again if it was not you.', de: 'Rufen Sie erneut auf, falls Sie das nicht waren.' },
  },
  'common.internal': {
    status: 500,
    detail: {
      en: 'The server failed; it has logged why under trace {traceId}.',
      de: 'Der Server hat einen Fehler; der Grund steht im Protokoll unter {traceId}.',
    },
    hint: {
      en: 'Try again; if it stays, give the trace id to whoever runs this server.',
      de: 'Versuchen Sie es erneut; bleibt es dabei, nennen Sie dem Betrieb diese Kennung.',
    },
  },
  'common.unavailable': {
    status: 503,
    detail: {
      en: 'The service {service} does not answer at the moment.',
      de: 'Der Dienst {service} antwortet im Moment nicht.',
    },
    hint: { en: 'Try again in a few seconds.', de: 'Versuchen Sie es in einigen Sekunden erneut.' },
  },
  'common.timeout': {
    status: 504,
    detail: {
      en: 'The call took longer than {timeoutMs} ms and was ended.',
      de: 'Der Aufruf dauerte länger als {timeoutMs} ms und wurde beendet.',
    },
    hint: {
      en: 'Ask for less at once, or try again later.',
      de: 'Fordern Sie weniger auf einmal an oder versuchen Sie es später.',
    },
  },
} as const satisfies FaultDefinitions;
