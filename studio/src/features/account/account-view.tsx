import { Link, useParams } from '@tanstack/react-router';
import { Coins, KeyRound, type LucideIcon, MonitorSmartphone, UserRound } from 'lucide-react';
import type { ReactNode } from 'react';
import { NotFound } from '../../app/not-found.tsx';
import { useText } from '../../i18n/language.ts';
import { PanelBoundary } from '../../ui/panel-boundary.tsx';
import { ApiKeys } from './api-keys.tsx';
import { Password } from './password.tsx';
import { Sessions } from './sessions.tsx';
import { UsageSection } from './usage-section.tsx';

type Section = 'password' | 'sessions' | 'keys' | 'usage';

const sections: readonly (readonly [name: Section, icon: LucideIcon, view: () => ReactNode])[] = [
  ['password', UserRound, Password],
  ['sessions', MonitorSmartphone, Sessions],
  ['keys', KeyRound, ApiKeys],
  ['usage', Coins, UsageSection],
];

/** One's own account, part by part. */
export function AccountView() {
  const t = useText('shell');
  const { section } = useParams({ from: '/shell/account/$section' });
  const shown = sections.find(([name]) => name === section);
  if (shown === undefined) return <NotFound />;
  const View = shown[2];
  return (
    <div className="page">
      <aside className="page-side" aria-label={t('accountTitle')} data-region="sidebar">
        <header className="region-head">
          <h2>{t('accountTitle')}</h2>
        </header>
        <nav className="side-nav" aria-label={t('accountTitle')}>
          {sections.map(([name, Icon]) => (
            <Link
              key={name}
              to="/account/$section"
              params={{ section: name }}
              className="side-link"
              {...(name === section ? { 'aria-current': 'page' as const } : {})}
            >
              <Icon size={16} /> {t(`account.${name}`)}
            </Link>
          ))}
        </nav>
      </aside>
      <div className="page-content" data-region="content">
        <div className="page-head">
          <h1>{t(`account.${shown[0]}`)}</h1>
        </div>
        <PanelBoundary key={section}>
          <View />
        </PanelBoundary>
      </div>
    </div>
  );
}
