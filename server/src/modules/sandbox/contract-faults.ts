import type { FaultDefinitions } from '#base/fault.ts';

/** How running programs fails before or beside the program itself. */
export const sandboxFaults = {
  'sandbox.unavailable': {
    status: 503,
    detail: {
      en: 'Programs cannot be run safely on this server: {reason}.',
      de: 'Auf diesem Server lassen sich Programme nicht sicher ausführen: {reason}.',
    },
    hint: {
      en: 'Whoever runs this server sees the cure with: npx cds doctor',
      de: 'Wer diesen Server betreibt, sieht die Abhilfe mit: npx cds doctor',
    },
  },
  'sandbox.engine_unknown': {
    status: 400,
    detail: {
      en: 'This server has no engine {engine}.',
      de: 'Dieser Server hat keine Engine {engine}.',
    },
    hint: { en: 'List them with sandbox.engines.', de: 'sandbox.engines listet sie auf.' },
  },
  'sandbox.program_unsupported': {
    status: 400,
    detail: {
      en: 'The engine {engine} does not run programs of the kind {kind}.',
      de: 'Die Engine {engine} führt keine Programme der Art {kind} aus.',
    },
    hint: {
      en: 'sandbox.engines tells which kinds each engine takes.',
      de: 'sandbox.engines sagt, welche Arten jede Engine annimmt.',
    },
  },
  'sandbox.limit_unknown': {
    status: 400,
    detail: {
      en: 'The engine {engine} has no limit named {name}.',
      de: 'Die Engine {engine} kennt keine Grenze namens {name}.',
    },
    hint: {
      en: 'Leave it out, or choose an engine that keeps it.',
      de: 'Lassen Sie sie weg oder wählen Sie eine Engine, die sie einhält.',
    },
  },
  'sandbox.start_failed': {
    status: 503,
    detail: {
      en: 'The sandbox could not be set up: {reason}.',
      de: 'Die Sandbox ließ sich nicht einrichten: {reason}.',
    },
    hint: {
      en: 'Try again; if it stays, check the server with: npx cds doctor',
      de: 'Versuchen Sie es erneut; bleibt es dabei, prüfen Sie den Server mit: npx cds doctor',
    },
  },
  'sandbox.input_closed': {
    status: 409,
    detail: { en: 'The program reads no more input.', de: 'Das Programm nimmt keine Eingabe mehr an.' },
    hint: {
      en: 'Start it with keepInput, and write before it ends.',
      de: 'Starten Sie es mit keepInput und schreiben Sie, bevor es endet.',
    },
  },
  'sandbox.input_full': {
    status: 429,
    detail: {
      en: 'The program has not taken the input before this one yet.',
      de: 'Das Programm hat die vorige Eingabe noch nicht angenommen.',
    },
    hint: {
      en: 'Wait for the answer to each run.input.',
      de: 'Warten Sie die Antwort auf jedes run.input ab.',
    },
  },
  'sandbox.busy': {
    status: 429,
    detail: {
      en: 'All places for programs are taken ({running} run, {waiting} wait).',
      de: 'Alle Plätze für Programme sind belegt ({running} laufen, {waiting} warten).',
    },
    hint: {
      en: 'Try again in {retryAfterMs} ms, or end a program that you no longer need.',
      de: 'Versuchen Sie es in {retryAfterMs} ms erneut oder beenden Sie ein nicht mehr benötigtes Programm.',
    },
  },
  'sandbox.cpu_quota': {
    status: 429,
    detail: {
      en: 'Your programs have taken all the processor time you may have ({limitSeconds} s an hour).',
      de: 'Ihre Programme haben die ganze Prozessorzeit verbraucht, die Ihnen zusteht ({limitSeconds} s je Stunde).',
    },
    hint: {
      en: 'Try again in {minutes} minutes, or ask an administrator to raise CDS_SANDBOX_CPU_SECONDS_PER_HOUR.',
      de: 'Versuchen Sie es in {minutes} Minuten erneut oder bitten Sie die Administration um ein höheres CDS_SANDBOX_CPU_SECONDS_PER_HOUR.',
    },
  },
  'sandbox.limit_too_high': {
    status: 400,
    detail: {
      en: 'The limit {name} may be at most {maximum} on this server.',
      de: 'Die Grenze {name} darf auf diesem Server höchstens {maximum} sein.',
    },
    hint: {
      en: 'Ask for less, or ask an administrator to raise CDS_SANDBOX_MAX settings.',
      de: 'Verlangen Sie weniger oder bitten Sie die Administration, die CDS_SANDBOX_MAX-Werte anzuheben.',
    },
  },
  'sandbox.command_not_found': {
    status: 400,
    detail: {
      en: 'The program {command} does not exist in the sandbox.',
      de: 'Das Programm {command} gibt es in der Sandbox nicht.',
    },
    hint: {
      en: 'Give the program and its arguments apart. For a shell line use command "sh" with args ["-c", "…"].',
      de: 'Geben Sie Programm und Argumente getrennt an. Für eine Shell-Zeile: command "sh", args ["-c", "…"].',
    },
  },
  'sandbox.command_not_executable': {
    status: 400,
    detail: {
      en: 'The file {command} cannot be run as a program.',
      de: 'Die Datei {command} lässt sich nicht als Programm ausführen.',
    },
    hint: {
      en: 'Make it executable and give it a first line such as #!/usr/bin/env node, or name the interpreter.',
      de: 'Machen Sie sie ausführbar und beginnen Sie sie etwa mit #!/usr/bin/env node, oder nennen Sie den Interpreter.',
    },
  },
  'sandbox.folder_invalid': {
    status: 400,
    detail: {
      en: 'The working folder {path} does not exist in the project.',
      de: 'Den Arbeitsordner {path} gibt es im Projekt nicht.',
    },
    hint: {
      en: 'Name a folder relative to the project, without "..".',
      de: 'Nennen Sie einen Ordner relativ zum Projekt, ohne „..“.',
    },
  },
  'sandbox.command_too_long': {
    status: 413,
    detail: {
      en: 'Arguments and environment have more than {limitBytes} bytes together.',
      de: 'Argumente und Umgebung haben zusammen mehr als {limitBytes} Bytes.',
    },
    hint: {
      en: 'Pass long data by standard input or by a file.',
      de: 'Übergeben Sie lange Daten über die Standardeingabe oder eine Datei.',
    },
  },
  'sandbox.process_unknown': {
    status: 404,
    detail: {
      en: 'No program with this id runs now.',
      de: 'Kein Programm mit dieser Kennung läuft zurzeit.',
    },
    hint: { en: 'It may have ended; see run.history.', de: 'Es ist wohl beendet; siehe run.history.' },
  },
  'sandbox.terminal_unknown': {
    status: 404,
    detail: {
      en: 'You have no terminal with this id.',
      de: 'Sie haben kein Terminal mit dieser Kennung.',
    },
    hint: { en: 'Open a new one.', de: 'Öffnen Sie ein neues.' },
  },
  'sandbox.terminal_ended': {
    status: 409,
    detail: {
      en: 'The program in this terminal has ended.',
      de: 'Das Programm in diesem Terminal ist beendet.',
    },
    hint: { en: 'Open a new terminal.', de: 'Öffnen Sie ein neues Terminal.' },
  },
  'sandbox.terminal_limit': {
    status: 429,
    detail: {
      en: 'You have {limit} terminals open, which is the most at the same time.',
      de: 'Sie haben {limit} Terminals geöffnet; mehr gehen nicht gleichzeitig.',
    },
    hint: { en: 'Close one that you no longer need.', de: 'Schließen Sie ein nicht mehr benötigtes.' },
  },
  'sandbox.terminal_flooded': {
    status: 429,
    detail: {
      en: 'The program in this terminal does not read what is typed.',
      de: 'Das Programm in diesem Terminal liest die Eingaben nicht.',
    },
    hint: {
      en: 'Wait until it does, or close the terminal.',
      de: 'Warten Sie, bis es liest, oder schließen Sie das Terminal.',
    },
  },
  'sandbox.config_unknown': {
    status: 404,
    detail: {
      en: 'This project has no such run configuration.',
      de: 'Dieses Projekt hat keine solche Startkonfiguration.',
    },
    hint: { en: 'List them with run.config.list.', de: 'run.config.list listet sie auf.' },
  },
  'sandbox.config_name_taken': {
    status: 409,
    detail: {
      en: 'A run configuration named {name} exists already.',
      de: 'Eine Startkonfiguration namens {name} existiert bereits.',
    },
    hint: { en: 'Choose another name.', de: 'Wählen Sie einen anderen Namen.' },
  },
  'sandbox.config_limit': {
    status: 413,
    detail: {
      en: 'A project keeps at most {limit} run configurations.',
      de: 'Ein Projekt behält höchstens {limit} Startkonfigurationen.',
    },
    hint: { en: 'Delete one first.', de: 'Löschen Sie zuerst eine.' },
  },
  'sandbox.network_forbidden': {
    status: 403,
    detail: {
      en: 'This server grants programs no network.',
      de: 'Dieser Server gibt Programmen kein Netz frei.',
    },
    hint: {
      en: 'Ask an administrator to set CDS_SANDBOX_NETWORK=true.',
      de: 'Bitten Sie die Administration um CDS_SANDBOX_NETWORK=true.',
    },
  },
  'sandbox.host_invalid': {
    status: 400,
    detail: {
      en: '{host} cannot stand in an allow-list: {reason}.',
      de: '{host} kann nicht in einer Freigabeliste stehen: {reason}.',
    },
    hint: {
      en: 'Name a public host such as registry.example.org, *.example.org or example.org:8443.',
      de: 'Nennen Sie einen öffentlichen Host wie registry.example.org, *.example.org oder example.org:8443.',
    },
  },
} as const satisfies FaultDefinitions;
