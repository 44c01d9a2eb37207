import { verifyRelease } from '../metadata/verify-release.ts';
import { usageFault } from './arguments.ts';
import { type CommandInput, pathOf, releaseDirOf } from './context.ts';
import { say } from './terminal.ts';

/** `cds flow verify-release [folder] [--key FILE.pub] [--json]`: proves that a release folder is what was built. */
export async function verifyReleaseFolder(input: CommandInput): Promise<number> {
  const { args, terminal, signal } = input;
  const [folder, ...rest] = args.words;
  if (rest.length > 0) throw usageFault({ en: 'One folder at a time.', de: 'Ein Ordner auf einmal.' });
  const key = args.text('key');
  const found = await verifyRelease({
    dir: folder === undefined ? releaseDirOf(input) : pathOf(input, folder),
    ...(key === undefined ? {} : { publicKeyFile: pathOf(input, key) }),
    signal,
  });
  if (args.flag('json')) terminal.print(JSON.stringify(found, null, 2));
  else {
    const signature =
      found.signature === 'none'
        ? { en: 'it is not signed', de: 'nicht signiert' }
        : { en: `signed (${found.signature})`, de: `signiert (${found.signature})` };
    say(terminal, {
      en: `${found.id}: ${found.files} files are as they were built; ${signature.en}.`,
      de: `${found.id}: ${found.files} Dateien sind, wie sie gebaut wurden; ${signature.de}.`,
    });
  }
  return 0;
}
