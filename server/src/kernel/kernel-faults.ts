import type { FaultDefinitions } from '#base/fault.ts';

/** Faults of the kernel itself: start, configuration, other processes. */
export const kernelFaults = {
  'config.invalid': {
    status: 500,
    detail: {
      en: 'The setting {name} is not valid: {reason}.',
      de: 'Die Einstellung {name} ist ungültig: {reason}.',
    },
    hint: { en: 'Correct it and start again.', de: 'Korrigieren Sie sie und starten Sie neu.' },
  },
  'config.insecure_listen': {
    status: 500,
    detail: {
      en: 'Listening on {host} would offer the platform without TLS to other machines.',
      de: 'Auf {host} zu lauschen würde die Plattform anderen Rechnern ohne TLS anbieten.',
    },
    hint: {
      en: 'Put a TLS proxy in front and set CDS_HTTP_PUBLIC_URL, or allow it with CDS_HTTP_INSECURE=true.',
      de: 'Stellen Sie einen TLS-Proxy davor und setzen Sie CDS_HTTP_PUBLIC_URL, oder erlauben Sie es mit CDS_HTTP_INSECURE=true.',
    },
  },
  'config.port_in_use': {
    status: 500,
    detail: {
      en: 'Port {port} on {host} is taken by another program.',
      de: 'Port {port} auf {host} ist von einem anderen Programm belegt.',
    },
    hint: {
      en: 'Stop that program, or choose another port: CDS_PORT={other}.',
      de: 'Beenden Sie das Programm oder wählen Sie einen anderen Port: CDS_PORT={other}.',
    },
  },
  'config.database_needed': {
    status: 500,
    detail: {
      en: 'Separate services share one PostgreSQL server, and none is named.',
      de: 'Getrennte Dienste teilen sich einen PostgreSQL-Server, und keiner ist angegeben.',
    },
    hint: {
      en: 'Set DATABASE_URL=postgresql://user:password@host/database.',
      de: 'Setzen Sie DATABASE_URL=postgresql://benutzer:passwort@host/datenbank.',
    },
  },
} as const satisfies FaultDefinitions;
