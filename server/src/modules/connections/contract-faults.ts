import type { FaultDefinitions } from '#base/fault.ts';

/** How connection.* fails. */
export const connectionFaults = {
  'connections.unknown': {
    status: 404,
    detail: { en: 'There is no such connection.', de: 'Diese Verbindung gibt es nicht.' },
    hint: {
      en: 'connection.list shows those of a project.',
      de: 'connection.list zeigt die eines Projekts.',
    },
  },
  'connections.name_taken': {
    status: 409,
    detail: {
      en: 'The project has a connection named {name}.',
      de: 'Das Projekt hat schon eine Verbindung {name}.',
    },
    hint: {
      en: 'Take another name, or remove it first.',
      de: 'Wählen Sie einen anderen Namen oder entfernen Sie sie.',
    },
  },
  'connections.too_many': {
    status: 409,
    detail: {
      en: 'The project has {limit} connections, which is the most.',
      de: 'Das Projekt hat {limit} Verbindungen; mehr sind nicht erlaubt.',
    },
    hint: { en: 'Remove one that is not used.', de: 'Entfernen Sie eine, die nicht gebraucht wird.' },
  },
  'connections.kind_wrong': {
    status: 400,
    detail: {
      en: 'This does not work with a connection of the kind {kind}.',
      de: 'Das geht nicht mit einer Verbindung der Art {kind}.',
    },
    hint: { en: 'Look at it with connection.list.', de: 'Sehen Sie mit connection.list nach.' },
  },
  'connections.host_refused': {
    status: 403,
    detail: { en: 'The project may not reach {host}.', de: 'Das Projekt darf {host} nicht erreichen.' },
    hint: {
      en: 'Its owner grants hosts under Project, Network; private addresses only whoever runs the server (CDS_CONNECTIONS_PRIVATE_HOSTS).',
      de: 'Wem das Projekt gehört, der gibt Hosts unter Projekt, Netzwerk frei; private Adressen nur, wer den Server betreibt (CDS_CONNECTIONS_PRIVATE_HOSTS).',
    },
  },
  'connections.start_failed': {
    status: 502,
    detail: {
      en: '{name} could not be reached or did not begin: {reason}',
      de: '{name} war nicht erreichbar oder begann nicht: {reason}',
    },
    hint: {
      en: 'Check its command or address, and its credentials.',
      de: 'Prüfen Sie Befehl oder Adresse und die Zugangsdaten.',
    },
  },
  'connections.timed_out': {
    status: 504,
    detail: {
      en: '{name} did not answer within {limitMs} ms.',
      de: '{name} hat binnen {limitMs} ms nicht geantwortet.',
    },
    hint: {
      en: 'Try again, or give it more time.',
      de: 'Versuchen Sie es erneut oder geben Sie ihr mehr Zeit.',
    },
  },
  'connections.ended': {
    status: 502,
    detail: {
      en: '{name} ended before it had answered: {reason}',
      de: '{name} endete, bevor eine Antwort da war: {reason}',
    },
    hint: {
      en: 'Try again; the next call starts it anew.',
      de: 'Versuchen Sie es erneut; der nächste Aufruf startet neu.',
    },
  },
  'connections.answer_too_large': {
    status: 502,
    detail: {
      en: '{name} answered with more than {limitBytes} bytes.',
      de: '{name} hat mit mehr als {limitBytes} Bytes geantwortet.',
    },
    hint: { en: 'Ask it for less.', de: 'Fragen Sie nach weniger.' },
  },
  'connections.answer_invalid': {
    status: 502,
    detail: {
      en: '{name} did not follow its protocol: {reason}',
      de: '{name} hielt sich nicht an das Protokoll: {reason}',
    },
    hint: { en: 'Tell whoever makes it.', de: 'Sagen Sie es denen, die es herstellen.' },
  },
  'connections.tool_unknown': {
    status: 404,
    detail: { en: '{name} has no tool {tool}.', de: '{name} hat kein Werkzeug {tool}.' },
    hint: { en: 'Find tools with connection.tool.find.', de: 'connection.tool.find findet Werkzeuge.' },
  },
  'connections.approval_needed': {
    status: 409,
    detail: {
      en: 'The tool {tool} of {name} is new, or is described differently since it was approved.',
      de: 'Das Werkzeug {tool} von {name} ist neu oder wird seit der Freigabe anders beschrieben.',
    },
    hint: {
      en: 'The project’s owner reviews it: Project, Connections, or cds mcp servers test.',
      de: 'Wem das Projekt gehört, der prüft es: Projekt, Verbindungen, oder cds mcp servers test.',
    },
  },
} as const satisfies FaultDefinitions;
