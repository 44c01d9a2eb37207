import { parseArgs } from 'node:util';
import {
  buildImageOffline,
  type ImageSummary,
  isImageName,
  listImagesOffline,
  removeImageOffline,
} from '@cyberdevstudio/server/modules/sandbox/offline.ts';
import { platformConfig } from '../installation.ts';
import { say, type Terminal } from '../terminal.ts';

const usage = {
  en: 'Usage: cds images build [name] [--packages a,b,…] [--suite bookworm] [--mirror URL] | list [--json] | rm <name>',
  de: 'Aufruf: cds images build [Name] [--packages a,b,…] [--suite bookworm] [--mirror URL] | list [--json] | rm <Name>',
};

const steps = {
  packages: {
    en: '1/3 fetching and installing Debian packages',
    de: '1/3 Debian-Pakete holen und einrichten',
  },
  kernel: { en: '2/3 unpacking the kernel', de: '2/3 Kernel entpacken' },
  disk: { en: '3/3 packing the disk', de: '3/3 Datenträger packen' },
} as const;
const already = { en: ' (done before)', de: ' (bereits erledigt)' };

/** `cds images`: builds, lists and removes the guests of micro VMs. The platform itself never downloads any. */
export async function run(argv: readonly string[], terminal: Terminal): Promise<number> {
  const [verb, ...rest] = argv;
  const { dataDir } = platformConfig(terminal.environment);
  if (verb === 'build') return build(rest, { dataDir, terminal });
  if (verb === 'list') return list(rest, { dataDir, terminal });
  if (verb === 'rm') return remove(rest, { dataDir, terminal });
  say(terminal, usage);
  return 2;
}

interface Place {
  readonly dataDir: string;
  readonly terminal: Terminal;
}

async function build(argv: readonly string[], { dataDir, terminal }: Place): Promise<number> {
  const text = { type: 'string' } as const;
  const parsed = parseArgsOrNull(argv, { packages: text, suite: text, mirror: text });
  const [name] = parsed?.positionals ?? [];
  if (parsed === null || (name !== undefined && !isImageName(name))) {
    say(terminal, usage);
    return 2;
  }
  const { packages, suite, mirror } = parsed.values;
  let lastLine = '';
  const image = await buildImageOffline({
    dataDir,
    name,
    suite,
    mirror,
    packages: packages?.split(',').filter((word) => word !== ''),
    onProgress(step, { line, done }) {
      if (line === null)
        terminal.print(steps[step][terminal.language] + (done ? already[terminal.language] : ''));
      // mmdebstrap's own headlines; what packages print while they are set up is of no use here.
      else if (line.startsWith('I: ') && !line.includes('hook') && line !== lastLine) {
        lastLine = line;
        terminal.print(`    ${line.slice(3)}`);
      }
    },
  });
  say(terminal, {
    en: `Built ${image.name}: ${megabytes(image)} MB, Linux ${image.kernel}, root disk ${image.rootDigest.slice(0, 16)}.`,
    de: `${image.name} gebaut: ${megabytes(image)} MB, Linux ${image.kernel}, Datenträger ${image.rootDigest.slice(0, 16)}.`,
  });
  return 0;
}

function parseArgsOrNull<Options extends Record<string, { type: 'string' | 'boolean' }>>(
  argv: readonly string[],
  options: Options,
) {
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: true });
  } catch {
    return null;
  }
}

async function list(argv: readonly string[], { dataDir, terminal }: Place): Promise<number> {
  const images = await listImagesOffline(dataDir);
  if (argv.includes('--json')) {
    terminal.print(JSON.stringify(images, null, 2));
    return 0;
  }
  if (images.length === 0) {
    say(terminal, {
      en: 'No image has been built yet. Build one with: npx cds images build',
      de: 'Es wurde noch kein Abbild gebaut. Bauen Sie eines mit: npx cds images build',
    });
    return 0;
  }
  for (const image of images) {
    terminal.print(
      `${image.name.padEnd(16)} ${megabytes(image).padStart(5)} MB  ${image.suite}  ${image.packages.join(' ')}`,
    );
  }
  return 0;
}

async function remove([name]: readonly string[], { dataDir, terminal }: Place): Promise<number> {
  if (name === undefined || !isImageName(name)) {
    say(terminal, usage);
    return 2;
  }
  if (await removeImageOffline(dataDir, name)) {
    say(terminal, { en: `Removed ${name}.`, de: `${name} entfernt.` });
    return 0;
  }
  say(terminal, { en: `There is no image named ${name}.`, de: `Es gibt kein Abbild namens ${name}.` });
  return 1;
}

function megabytes({ sizeBytes }: ImageSummary): string {
  return (sizeBytes / 1024 / 1024).toFixed(0);
}
