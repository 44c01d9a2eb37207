import type { FaultDefinitions } from '#base/fault.ts';
import { localModelFaults } from './contract-faults-local.ts';
import { providerFaults } from './contract-provider-faults.ts';

/** How models on this machine, and requests to any model, fail. */
export const llmFaults = {
  ...providerFaults,
  ...localModelFaults,
  'llm.model_not_found': {
    status: 404,
    detail: { en: 'There is no model {model} here.', de: 'Das Modell {model} gibt es hier nicht.' },
    hint: {
      en: '`cds models list` shows the models that there are; `cds models pull` brings one.',
      de: '`cds models list` zeigt die vorhandenen Modelle; `cds models pull` holt eines.',
    },
  },
  'llm.no_model': {
    status: 404,
    detail: {
      en: 'No model for {task} is present.',
      de: 'Für die Aufgabe {task} ist kein Modell vorhanden.',
    },
    hint: {
      en: 'Bring one with `cds models pull`, put a GGUF file into the models folder, or enable a provider.',
      de: 'Holen Sie eines mit `cds models pull`, legen Sie eine GGUF-Datei in den Modellordner oder aktivieren Sie einen Anbieter.',
    },
  },
  'llm.capability_missing': {
    status: 400,
    detail: {
      en: 'The model {model} can’t do this: {capability}.',
      de: 'Das Modell {model} kann das nicht: {capability}.',
    },
    hint: { en: 'Choose a model that can.', de: 'Wählen Sie ein Modell, das es kann.' },
  },
  'llm.request_invalid': {
    status: 400,
    detail: { en: 'The request is not valid: {reason}.', de: 'Die Anfrage ist ungültig: {reason}.' },
    hint: { en: 'Correct {field} and send again.', de: 'Korrigieren Sie {field} und senden Sie erneut.' },
  },
  'llm.request_repeated': {
    status: 409,
    detail: {
      en: 'A request with the idempotency key {key} was made before.',
      de: 'Eine Anfrage mit dem Idempotenzschlüssel {key} wurde schon gestellt.',
    },
    hint: {
      en: 'It was billed once; use a new key for a new answer.',
      de: 'Sie wurde einmal berechnet; verwenden Sie für eine neue Antwort einen neuen Schlüssel.',
    },
  },
  'llm.context_length_exceeded': {
    status: 400,
    detail: {
      en: 'The request needs {neededTokens} tokens; the context of {model} holds {contextSize}.',
      de: 'Die Anfrage braucht {neededTokens} Token; der Kontext von {model} fasst {contextSize}.',
    },
    hint: {
      en: 'Shorten the messages or ask for fewer tokens; nothing is ever cut silently.',
      de: 'Kürzen Sie die Nachrichten oder fordern Sie weniger Token an; still gekürzt wird nie.',
    },
  },
  'llm.schema_unsupported': {
    status: 400,
    detail: {
      en: 'The JSON schema can’t be enforced: {reason}.',
      de: 'Das JSON-Schema lässt sich nicht durchsetzen: {reason}.',
    },
    hint: {
      en: 'Leave the keyword out, or describe the same with others.',
      de: 'Lassen Sie das Schlüsselwort weg oder beschreiben Sie dasselbe mit anderen.',
    },
  },
  'llm.queue_full': {
    status: 429,
    detail: {
      en: 'The queue of {model} is full: {waiting} wait, yours would be number {position}. Try again in {retryAfterMs} ms.',
      de: 'Die Warteschlange von {model} ist voll: {waiting} warten, Ihre Anfrage wäre Nummer {position}. Versuchen Sie es in {retryAfterMs} ms erneut.',
    },
    hint: {
      en: 'Wait for that time, or send fewer requests at once.',
      de: 'Warten Sie so lange oder senden Sie weniger Anfragen gleichzeitig.',
    },
  },
  'llm.memory_exceeded': {
    status: 503,
    detail: {
      en: 'The model {model} needs {neededBytes} bytes of memory; {availableBytes} are available.',
      de: 'Das Modell {model} braucht {neededBytes} Bytes Speicher; {availableBytes} sind verfügbar.',
    },
    hint: {
      en: 'Unload another model, load this one with a smaller context, or choose a smaller quantization.',
      de: 'Entladen Sie ein anderes Modell, laden Sie dieses mit kleinerem Kontext oder wählen Sie eine kleinere Quantisierung.',
    },
  },
  'llm.model_unreadable': {
    status: 409,
    detail: {
      en: 'The file of the model {model} can’t be used: {reason}.',
      de: 'Die Datei des Modells {model} ist nicht brauchbar: {reason}.',
    },
    hint: {
      en: 'Download it again; a model is one complete GGUF file.',
      de: 'Laden Sie sie erneut herunter; ein Modell ist eine vollständige GGUF-Datei.',
    },
  },
  'llm.model_busy': {
    status: 409,
    detail: {
      en: 'The model {model} is in use: {activeRequests} requests are running.',
      de: 'Das Modell {model} wird benutzt: {activeRequests} Anfragen laufen.',
    },
    hint: {
      en: 'Unload it first, or wait until they have ended.',
      de: 'Entladen Sie es zuerst oder warten Sie, bis sie beendet sind.',
    },
  },
  'llm.engine_failed': {
    status: 502,
    detail: {
      en: 'The engine of {model} failed: {reason}. It is restarted with the next request.',
      de: 'Die Engine von {model} ist ausgefallen: {reason}. Sie wird mit der nächsten Anfrage neu gestartet.',
    },
    hint: {
      en: 'Send the request again; if it stays, load the model with a smaller context.',
      de: 'Senden Sie die Anfrage erneut; bleibt es dabei, laden Sie das Modell mit kleinerem Kontext.',
    },
  },
  'llm.download_invalid': {
    status: 400,
    detail: {
      en: 'This can’t be downloaded: {reason}.',
      de: 'Das lässt sich nicht herunterladen: {reason}.',
    },
    hint: {
      en: 'Give the address of one GGUF file, or owner/repository and the file’s name.',
      de: 'Nennen Sie die Adresse einer GGUF-Datei oder Besitzer/Repository und den Dateinamen.',
    },
  },
  'llm.download_failed': {
    status: 502,
    detail: { en: 'The download failed: {reason}.', de: 'Das Herunterladen ist fehlgeschlagen: {reason}.' },
    hint: {
      en: 'Start it again: it goes on where it stopped.',
      de: 'Starten Sie es erneut: Es wird an der Abbruchstelle fortgesetzt.',
    },
  },
  'llm.download_elsewhere': {
    status: 409,
    detail: {
      en: 'Another process (PID {pid}) is downloading {file} already.',
      de: 'Ein anderer Prozess (PID {pid}) lädt {file} schon herunter.',
    },
    hint: {
      en: 'Wait for it, or end it; it can be gone on with then.',
      de: 'Warten Sie auf ihn oder beenden Sie ihn; danach geht es an der Abbruchstelle weiter.',
    },
  },
  'llm.download_unknown': {
    status: 404,
    detail: { en: 'There is no such download.', de: 'Diesen Download gibt es nicht.' },
    hint: { en: 'GET /admin/downloads lists them.', de: 'GET /admin/downloads listet sie auf.' },
  },
  'llm.disk_full': {
    status: 503,
    detail: {
      en: 'The disk of the server has too little room: {neededBytes} bytes are needed.',
      de: 'Auf der Festplatte des Servers ist zu wenig Platz: {neededBytes} Bytes sind nötig.',
    },
    hint: {
      en: 'Make room, then start again.',
      de: 'Schaffen Sie Platz und starten Sie dann erneut.',
    },
  },
} as const satisfies FaultDefinitions;
