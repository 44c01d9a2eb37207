import { useText } from '../i18n/language.ts';
import { Logo } from './logo.tsx';
import { Preferences } from './preferences.tsx';

/** The head of the pages before the workbench: mark, language, theme. */
export function EntryHead() {
  return (
    <header className="entry-head">
      <Logo size={26} />
      <strong>CyberDevStudio</strong>
      <span className="grow" />
      <Preferences />
    </header>
  );
}

/** Where one is: the server's address and version. */
export function EntryFoot({ version }: { version: string | undefined }) {
  const t = useText('ui');
  return (
    <footer className="entry-foot">
      {location.host} · {version === undefined ? '–' : t('version', { version })} · {t('ownServer')}
    </footer>
  );
}
