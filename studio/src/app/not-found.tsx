import { Link } from '@tanstack/react-router';
import { Compass } from 'lucide-react';
import { useText } from '../i18n/language.ts';

/** An address that no view has. */
export function NotFound() {
  const t = useText('shell');
  return (
    <div className="empty">
      <Compass size={24} />
      <strong>{t('notFoundTitle')}</strong>
      <span>{t('notFoundText')}</span>
      <Link to="/" className="button small">
        {t('allProjects')}
      </Link>
    </div>
  );
}
