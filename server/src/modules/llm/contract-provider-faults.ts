import type { FaultDefinitions } from '#base/fault.ts';

/** How providers and what they answer fail. Texts of a provider are quoted with keys removed. */
export const providerFaults = {
  'llm.provider_unknown': {
    status: 404,
    detail: { en: 'There is no provider {name}.', de: 'Den Anbieter {name} gibt es nicht.' },
    hint: { en: 'GET /admin/providers lists them.', de: 'GET /admin/providers listet sie auf.' },
  },
  'llm.provider_exists': {
    status: 409,
    detail: { en: 'There is a provider {name} already.', de: 'Den Anbieter {name} gibt es schon.' },
    hint: {
      en: 'Change it, or choose another name.',
      de: 'Ändern Sie ihn oder wählen Sie einen anderen Namen.',
    },
  },
  'llm.provider_incomplete': {
    status: 400,
    detail: {
      en: 'The provider {name} can’t be used yet: {missing} is missing.',
      de: 'Der Anbieter {name} ist noch nicht nutzbar: {missing} fehlt.',
    },
    hint: {
      en: 'Give it, then enable the provider.',
      de: 'Ergänzen Sie das und aktivieren Sie dann den Anbieter.',
    },
  },
  'llm.provider_refused': {
    status: 502,
    detail: {
      en: 'The provider {provider} refused the server’s key or account (status {status}).',
      de: 'Der Anbieter {provider} hat Schlüssel oder Konto des Servers abgelehnt (Status {status}).',
    },
    hint: {
      en: 'An administrator should check the provider’s key and credit.',
      de: 'Die Administration sollte Schlüssel und Guthaben beim Anbieter prüfen.',
    },
  },
  'llm.provider_failed': {
    status: 502,
    detail: {
      en: 'The provider {provider} failed: {reason}.',
      de: 'Der Anbieter {provider} ist ausgefallen: {reason}.',
    },
    hint: {
      en: 'Try again in a moment, or use another model.',
      de: 'Versuchen Sie es gleich erneut oder verwenden Sie ein anderes Modell.',
    },
  },
  'llm.provider_limited': {
    status: 429,
    detail: {
      en: 'The provider {provider} takes no more requests for {retryAfterMs} ms.',
      de: 'Der Anbieter {provider} nimmt {retryAfterMs} ms lang keine Anfragen an.',
    },
    hint: {
      en: 'Wait for that time, or use another model.',
      de: 'Warten Sie so lange oder verwenden Sie ein anderes Modell.',
    },
  },
  'llm.provider_timeout': {
    status: 504,
    detail: {
      en: 'The provider {provider} did not answer within {timeoutMs} ms.',
      de: 'Der Anbieter {provider} hat nicht innerhalb von {timeoutMs} ms geantwortet.',
    },
    hint: {
      en: 'Try again, or use another model.',
      de: 'Versuchen Sie es erneut oder verwenden Sie ein anderes Modell.',
    },
  },
  'llm.provider_rejected': {
    status: 400,
    detail: {
      en: 'The provider {provider} rejected the request: {reason}.',
      de: 'Der Anbieter {provider} hat die Anfrage abgelehnt: {reason}.',
    },
    hint: { en: 'Correct the request.', de: 'Korrigieren Sie die Anfrage.' },
  },
  'llm.stream_broken': {
    status: 502,
    detail: {
      en: 'The answer of {provider} broke off: {reason}. What came until then is incomplete.',
      de: 'Die Antwort von {provider} brach ab: {reason}. Was bis dahin kam, ist unvollständig.',
    },
    hint: {
      en: 'Ask again; only what was generated is billed.',
      de: 'Fragen Sie erneut; berechnet wird nur, was erzeugt wurde.',
    },
  },
} as const satisfies FaultDefinitions;
