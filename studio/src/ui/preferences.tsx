import { Languages, Moon, Sun } from 'lucide-react';
import { setLanguage, useLanguage, useText } from '../i18n/language.ts';
import { toggleTheme, useTheme } from './theme.ts';

/** Language and theme, two small buttons that every page has. */
export function Preferences() {
  const t = useText('ui');
  const language = useLanguage();
  const dark = useTheme() === 'neon-cyber-night';
  const themeLabel = dark ? t('lightTheme') : t('darkTheme');
  return (
    <span className="preferences">
      <button
        type="button"
        className="icon-button with-text"
        aria-label={t('otherLanguage')}
        title={t('otherLanguage')}
        onClick={() => setLanguage(language === 'de' ? 'en' : 'de')}
      >
        <Languages size={16} />
        {language.toUpperCase()}
      </button>
      <button
        type="button"
        className="icon-button"
        aria-label={themeLabel}
        title={themeLabel}
        onClick={toggleTheme}
      >
        {dark ? <Sun size={16} /> : <Moon size={16} />}
      </button>
    </span>
  );
}
