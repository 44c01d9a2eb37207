import { parseArgs } from 'node:util';
import { authContract } from '@cyberdevstudio/server/modules/auth/contract.ts';
import { keepApiKey, platformUrl } from '../credentials.ts';
import { connectRemote, isRemoteError } from '../remote.ts';
import { say, type Terminal } from '../terminal.ts';

const usage = {
  en: 'Usage: cds login [--url http://127.0.0.1:6711]   (reads the API key from standard input)',
  de: 'Aufruf: cds login [--url http://127.0.0.1:6711]   (liest den API-Schlüssel von der Eingabe)',
};

/** `cds login`: asks for an API key, tries it, and keeps it for the commands of this user. */
export async function run(argv: readonly string[], terminal: Terminal): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: { url: { type: 'string' } },
  });
  const url = values.url ?? platformUrl(terminal);
  // A key on the command line would stand in the list of processes and in the shell's history.
  if (positionals.length > 0 || !URL.canParse(url)) {
    say(terminal, usage);
    return 2;
  }
  const prompt = { en: `API key for ${url}: `, de: `API-Schlüssel für ${url}: ` };
  if (process.stdin.isTTY) process.stderr.write(prompt[terminal.language]);
  const key = (await readSecret()).trim();
  const environment = { ...terminal.environment, CDS_URL: url, CDS_API_KEY: key };
  try {
    const me = await connectRemote(authContract, { ...terminal, environment }).call('auth.me', {});
    keepApiKey({ environment }, key);
    say(terminal, { en: `Signed in as ${me.username}.`, de: `Angemeldet als ${me.username}.` });
    return 0;
  } catch (error) {
    if (!isRemoteError(error)) throw error;
    terminal.printError(error.message);
    return 1;
  }
}

/** One line of standard input; at a terminal it is not shown. */
async function readSecret(): Promise<string> {
  const { stdin } = process;
  const hidden = stdin.isTTY;
  if (hidden) stdin.setRawMode(true);
  try {
    let text = '';
    for await (const piece of stdin) {
      for (const character of String(piece)) {
        if (character === '\r' || character === '\n') return text;
        if (character === '\u0003') return '';
        text = character === '\u007f' ? text.slice(0, -1) : text + character;
      }
    }
    return text;
  } finally {
    if (hidden) {
      stdin.setRawMode(false);
      process.stderr.write('\n');
    }
    stdin.pause();
  }
}
