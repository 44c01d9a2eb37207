import { useParams } from '@tanstack/react-router';
import { Coins, KeyRound, MonitorSmartphone, UserRound } from 'lucide-react';
import { NotFound } from '../../app/not-found.tsx';
import { type Section, SectionPage } from '../../app/section-page.tsx';
import { useText } from '../../i18n/language.ts';
import { ApiKeys } from './api-keys.tsx';
import { Password } from './password.tsx';
import { Sessions } from './sessions.tsx';
import { UsageSection } from './usage-section.tsx';

const sections: readonly Section<'password' | 'sessions' | 'keys' | 'usage'>[] = [
  { name: 'password', icon: UserRound, view: Password },
  { name: 'sessions', icon: MonitorSmartphone, view: Sessions },
  { name: 'keys', icon: KeyRound, view: ApiKeys },
  { name: 'usage', icon: Coins, view: UsageSection },
];

/** One's own account, part by part. */
export function AccountView() {
  const t = useText('shell');
  const { section } = useParams({ from: '/shell/account/$section' });
  const current = sections.find(({ name }) => name === section);
  if (current === undefined) return <NotFound />;
  return (
    <SectionPage
      title={t('accountTitle')}
      to="/account/$section"
      sections={sections}
      current={current}
      labelOf={(name) => t(`account.${name}`)}
    />
  );
}
