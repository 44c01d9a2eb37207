import { Link, useParams } from '@tanstack/react-router';
import { Cpu, KeyRound, type LucideIcon, MailPlus, ScrollText, Server, Users } from 'lucide-react';
import type { ReactNode } from 'react';
import { NotFound } from '../../app/not-found.tsx';
import { useUser } from '../../app/session.ts';
import { useText } from '../../i18n/language.ts';
import { PanelBoundary } from '../../ui/panel-boundary.tsx';
import { ModelsSection } from '../models/models-section.tsx';
import { ProvidersSection } from '../models/providers-section.tsx';
import { AuditLog } from './audit-log.tsx';
import { Invites } from './invites.tsx';
import { ServerSection } from './server-section.tsx';
import { UsersSection } from './users-section.tsx';

type Section = 'models' | 'providers' | 'users' | 'invites' | 'audit' | 'server';

const sections: readonly (readonly [name: Section, icon: LucideIcon, view: () => ReactNode])[] = [
  ['models', Cpu, ModelsSection],
  ['providers', KeyRound, ProvidersSection],
  ['users', Users, UsersSection],
  ['invites', MailPlus, Invites],
  ['audit', ScrollText, AuditLog],
  ['server', Server, ServerSection],
];

/** For administrators: models, providers, people, invitations, the audit log, and what the server has. */
export function ManageView() {
  const t = useText('manage');
  const user = useUser();
  const { section } = useParams({ from: '/shell/manage/$section' });
  const shown = sections.find(([name]) => name === section);
  if (shown === undefined || user.role !== 'admin') return <NotFound />;
  const View = shown[2];
  return (
    <div className="page">
      <aside className="page-side" aria-label={t('title')} data-region="sidebar">
        <header className="region-head">
          <h2>{t('title')}</h2>
        </header>
        <nav className="side-nav" aria-label={t('title')}>
          {sections.map(([name, Icon]) => (
            <Link
              key={name}
              to="/manage/$section"
              params={{ section: name }}
              className="side-link"
              {...(name === section ? { 'aria-current': 'page' as const } : {})}
            >
              <Icon size={16} /> {t(`sections.${name}`)}
            </Link>
          ))}
        </nav>
      </aside>
      <div className="page-content" data-region="content">
        <div className="page-head">
          <div className="grow">
            <h1>{t(`sections.${shown[0]}`)}</h1>
            <p>{t(`leads.${shown[0]}`)}</p>
          </div>
        </div>
        <PanelBoundary key={section}>
          <View />
        </PanelBoundary>
      </div>
    </div>
  );
}
