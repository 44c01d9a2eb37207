import { Languages, Moon, Sun } from 'lucide-react';
import { setLanguage, useLanguage, useText } from '../i18n/language.ts';
import { toggleTheme, useTheme } from './theme.ts';

const texts = {
  en: { language: 'Sprache: Deutsch', dark: 'Dark theme', light: 'Light theme' },
  de: { language: 'Language: English', dark: 'Dunkles Thema', light: 'Helles Thema' },
};

/** Language and theme, two small buttons that every page has. */
export function Preferences() {
  const t = useText(texts);
  const language = useLanguage();
  const theme = useTheme();
  return (
    <>
      <button
        type="button"
        className="button ghost small"
        aria-label={`${language.toUpperCase()}: ${t.language}`}
        title={t.language}
        onClick={() => setLanguage(language === 'de' ? 'en' : 'de')}
      >
        <Languages size={16} strokeWidth={1.75} />
        {language.toUpperCase()}
      </button>
      <button
        type="button"
        className="icon-button"
        aria-label={theme === 'serial-steel' ? t.dark : t.light}
        title={theme === 'serial-steel' ? t.dark : t.light}
        onClick={toggleTheme}
      >
        {theme === 'serial-steel' ? (
          <Moon size={16} strokeWidth={1.75} />
        ) : (
          <Sun size={16} strokeWidth={1.75} />
        )}
      </button>
    </>
  );
}
