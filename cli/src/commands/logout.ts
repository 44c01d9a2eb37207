import { keepApiKey, platformUrl } from '../credentials.ts';
import { say, type Terminal } from '../terminal.ts';

/** `cds logout`: forgets the key that `cds login` keeps for the platform at CDS_URL. The key itself stays valid. */
export async function run(_argv: readonly string[], terminal: Terminal): Promise<number> {
  keepApiKey(terminal, null);
  const url = platformUrl(terminal);
  say(terminal, {
    en: `The key for ${url} is forgotten here. To end it everywhere, revoke it in the studio: Account, API keys.`,
    de: `Der Schlüssel für ${url} ist hier vergessen. Überall ungültig wird er im Studio: Konto, API-Schlüssel.`,
  });
  return 0;
}
