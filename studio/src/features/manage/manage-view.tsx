import { useParams } from '@tanstack/react-router';
import { Cpu, KeyRound, MailPlus, ScrollText, Server, Users } from 'lucide-react';
import { NotFound } from '../../app/not-found.tsx';
import { type Section, SectionPage } from '../../app/section-page.tsx';
import { useUser } from '../../app/session.ts';
import { useText } from '../../i18n/language.ts';
import { ModelsSection } from '../models/models-section.tsx';
import { ProvidersSection } from '../models/providers-section.tsx';
import { AuditLog } from './audit-log.tsx';
import { Invites } from './invites.tsx';
import { ServerSection } from './server-section.tsx';
import { UsersSection } from './users-section.tsx';

const sections: readonly Section<'models' | 'providers' | 'users' | 'invites' | 'audit' | 'server'>[] = [
  { name: 'models', icon: Cpu, view: ModelsSection },
  { name: 'providers', icon: KeyRound, view: ProvidersSection },
  { name: 'users', icon: Users, view: UsersSection },
  { name: 'invites', icon: MailPlus, view: Invites },
  { name: 'audit', icon: ScrollText, view: AuditLog },
  { name: 'server', icon: Server, view: ServerSection },
];

/** For administrators: models, providers, people, invitations, the audit log, and what the server has. */
export function ManageView() {
  const t = useText('manage');
  const user = useUser();
  const { section } = useParams({ from: '/shell/manage/$section' });
  const current = sections.find(({ name }) => name === section);
  if (current === undefined || user.role !== 'admin') return <NotFound />;
  return (
    <SectionPage
      title={t('title')}
      to="/manage/$section"
      sections={sections}
      current={current}
      labelOf={(name) => t(`sections.${name}`)}
      lead={t(`leads.${current.name}`)}
    />
  );
}
