import { FlowFault } from '../core/fault.ts';

/** A file that no release may carry, for a reason of its name or kind. */
export function symbolicLinkFault(file: string): FlowFault {
  return new FlowFault('build.symlink_outside', {
    file,
    text: {
      en: `${file} is a symbolic link that leads out of the sources, to a folder, or nowhere; it is not followed.`,
      de: `${file} ist ein symbolischer Verweis, der aus den Quellen hinaus, auf einen Ordner oder ins Leere führt; ihm wird nicht gefolgt.`,
    },
    fix: {
      en: 'Replace it by the file itself, or name it in build.ignore.',
      de: 'Durch die Datei selbst ersetzen oder in build.ignore nennen.',
    },
  });
}

export function specialFileFault(file: string): FlowFault {
  return new FlowFault('build.special_file', {
    file,
    text: {
      en: `${file} is a pipe, socket or device, not a file.`,
      de: `${file} ist eine Pipe, ein Socket oder ein Gerät, keine Datei.`,
    },
    fix: {
      en: 'Remove it, or name it in build.ignore.',
      de: 'Entfernen oder in build.ignore nennen.',
    },
  });
}

export function fileNameFault(file: string): FlowFault {
  return new FlowFault('build.file_name', {
    file,
    text: {
      en: `${JSON.stringify(file)}: the name is not UTF-8 or holds a control character or backslash, so no address leads to it everywhere.`,
      de: `${JSON.stringify(file)}: Der Name ist kein UTF-8 oder enthält ein Steuerzeichen oder einen Rückstrich; keine Adresse führt überall zu ihm.`,
    },
    fix: { en: 'Rename the file.', de: 'Die Datei umbenennen.' },
  });
}

export function caseCollisionFault(file: string, other: string): FlowFault {
  return new FlowFault('build.case_collision', {
    file,
    text: {
      en: `${file} and ${other} become one address on servers and disks that ignore case or normalise Unicode.`,
      de: `${file} und ${other} werden auf Servern und Platten, die Groß- und Kleinschreibung oder Unicode-Formen gleichsetzen, zu einer Adresse.`,
    },
    fix: { en: 'Rename one of them.', de: 'Eine von beiden umbenennen.' },
  });
}

export function duplicateOutputFault(file: string, other: string, output: string): FlowFault {
  return new FlowFault('build.duplicate_output', {
    file,
    text: {
      en: `${file} and ${other} would both become ${output}.`,
      de: `${file} und ${other} würden beide zu ${output}.`,
    },
    fix: {
      en: 'Rename one of them, or name one in build.ignore.',
      de: 'Eine von beiden umbenennen oder in build.ignore nennen.',
    },
  });
}

export function reservedNameFault(file: string): FlowFault {
  return new FlowFault('build.reserved_name', {
    file,
    text: {
      en: `${file}: the flow itself writes a file of this name into each release.`,
      de: `${file}: Eine Datei dieses Namens schreibt der Flow selbst in jedes Release.`,
    },
    fix: { en: 'Rename the file.', de: 'Die Datei umbenennen.' },
  });
}

export function unreadableFault(file: string, cause: unknown): FlowFault {
  return new FlowFault('build.unreadable', {
    file,
    text: { en: `${file} can't be read.`, de: `${file} lässt sich nicht lesen.` },
    fix: {
      en: 'Give the flow the right to read it, or name it in build.ignore.',
      de: 'Dem Flow das Leserecht geben oder in build.ignore nennen.',
    },
    cause,
  });
}

export function fileTooLargeFault(file: string, sizeBytes: number, limitBytes: number): FlowFault {
  return new FlowFault('build.file_too_large', {
    file,
    text: {
      en: `${file} is a page of ${sizeBytes} bytes; at most ${limitBytes} are rendered.`,
      de: `${file} ist eine Seite von ${sizeBytes} Bytes; höchstens ${limitBytes} werden umgesetzt.`,
    },
    fix: { en: 'Split the page.', de: 'Die Seite teilen.' },
  });
}

export function nothingToBuildFault(rootDir: string, source: string | undefined): FlowFault {
  const where = source ?? rootDir;
  return new FlowFault('build.nothing_to_build', {
    text: {
      en: `There is no page (HTML or Markdown) in ${where}.`,
      de: `In ${where} liegt keine Seite (HTML oder Markdown).`,
    },
    fix: {
      en: 'Add index.md or index.html, or name the folder in flow.config.ts: build: { source: … }.',
      de: 'index.md oder index.html anlegen oder den Ordner in flow.config.ts nennen: build: { source: … }.',
    },
  });
}

export function sourceFolderFault(source: string, cause?: unknown): FlowFault {
  return new FlowFault('build.source_invalid', {
    file: 'flow.config.ts',
    text: {
      en: `build.source ${JSON.stringify(source)} is not a folder inside the site's folder.`,
      de: `build.source ${JSON.stringify(source)} ist kein Ordner innerhalb des Ordners der Site.`,
    },
    fix: {
      en: 'Name a folder below the one where flow.config.ts is.',
      de: 'Einen Ordner unterhalb dessen nennen, in dem flow.config.ts liegt.',
    },
    cause,
  });
}
