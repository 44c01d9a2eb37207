import type { FaultDefinitions } from '#base/fault.ts';

/** How virtual machines and their images fail. */
export const microFaults = {
  'sandbox.image_missing': {
    status: 503,
    detail: {
      en: 'There is no guest image named {image} on this server.',
      de: 'Auf diesem Server gibt es kein Gast-Abbild namens {image}.',
    },
    hint: {
      en: 'Whoever runs this server builds it with: npx cds images build',
      de: 'Wer diesen Server betreibt, baut es mit: npx cds images build',
    },
  },
  'sandbox.image_tools_missing': {
    status: 503,
    detail: {
      en: 'Building images needs packages that are not installed: {packages}.',
      de: 'Zum Bauen von Abbildern fehlen Pakete: {packages}.',
    },
    hint: { en: 'Install them with: {command}', de: 'Installieren Sie sie mit: {command}' },
  },
  'sandbox.image_build_failed': {
    status: 503,
    detail: {
      en: 'The image could not be built, {program} says: {reason}',
      de: 'Das Abbild ließ sich nicht bauen, {program} meldet: {reason}',
    },
    hint: {
      en: 'Run the command again: it goes on where it stopped.',
      de: 'Rufen Sie den Befehl erneut auf: er macht dort weiter, wo er aufhörte.',
    },
  },
  'sandbox.vm_unknown': {
    status: 404,
    detail: {
      en: 'You have no virtual machine with this id.',
      de: 'Sie haben keine virtuelle Maschine mit dieser Kennung.',
    },
    hint: {
      en: 'It may have ended, also because nobody used it. Start a new one.',
      de: 'Sie ist wohl beendet, vielleicht weil niemand sie benutzte. Starten Sie eine neue.',
    },
  },
  'sandbox.vm_lost': {
    status: 502,
    detail: {
      en: 'The virtual machine has ended: {reason}.',
      de: 'Die virtuelle Maschine ist beendet: {reason}.',
    },
    hint: {
      en: 'Start a new one; what was in it is gone, snapshots are not.',
      de: 'Starten Sie eine neue; ihr Inhalt ist verloren, Schnappschüsse nicht.',
    },
  },
  'sandbox.vm_busy': {
    status: 409,
    detail: {
      en: 'The virtual machine is busy with something else.',
      de: 'Die virtuelle Maschine ist gerade mit etwas anderem beschäftigt.',
    },
    hint: { en: 'Wait until it has ended.', de: 'Warten Sie, bis es beendet ist.' },
  },
  'sandbox.vm_limit': {
    status: 429,
    detail: {
      en: 'No further virtual machine can run now; at most {limit} do.',
      de: 'Zurzeit kann keine weitere virtuelle Maschine laufen; höchstens {limit} tun es.',
    },
    hint: {
      en: 'Stop one that you no longer need, or try again later.',
      de: 'Beenden Sie eine nicht mehr benötigte oder versuchen Sie es später.',
    },
  },
  'sandbox.snapshot_unknown': {
    status: 404,
    detail: {
      en: 'You have no snapshot with this id.',
      de: 'Sie haben keinen Schnappschuss mit dieser Kennung.',
    },
    hint: { en: 'List them with micro.list.', de: 'micro.list listet sie auf.' },
  },
  'sandbox.snapshot_limit': {
    status: 413,
    detail: {
      en: 'You keep at most {limit} snapshots.',
      de: 'Sie behalten höchstens {limit} Schnappschüsse.',
    },
    hint: { en: 'Delete one first.', de: 'Löschen Sie zuerst einen.' },
  },
  'sandbox.snapshot_stale': {
    status: 409,
    detail: {
      en: 'This snapshot cannot be restored here: {reason}.',
      de: 'Dieser Schnappschuss lässt sich hier nicht wiederherstellen: {reason}.',
    },
    hint: {
      en: 'Snapshots work with the version of QEMU and of the platform that made them.',
      de: 'Schnappschüsse passen zu der QEMU- und Plattform-Version, die sie anlegte.',
    },
  },
  'sandbox.network_not_granted': {
    status: 409,
    detail: {
      en: 'This project was granted no hosts, so its programs have no network.',
      de: 'Diesem Projekt wurden keine Hosts freigegeben, daher haben seine Programme kein Netz.',
    },
    hint: {
      en: 'The owner names hosts with sandbox.network.set.',
      de: 'Der Besitzer nennt Hosts mit sandbox.network.set.',
    },
  },
  'sandbox.transfer_refused': {
    status: 400,
    detail: {
      en: '{path} cannot be copied: {reason}.',
      de: '{path} lässt sich nicht kopieren: {reason}.',
    },
    hint: {
      en: 'At most {limitFiles} files and {limitBytes} bytes are copied at once.',
      de: 'Auf einmal werden höchstens {limitFiles} Dateien und {limitBytes} Bytes kopiert.',
    },
  },
} as const satisfies FaultDefinitions;
