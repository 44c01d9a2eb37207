import { useNavigate } from '@tanstack/react-router';
import { Coins, KeyRound, LogOut, type LucideIcon, MonitorSmartphone, UserRound } from 'lucide-react';
import { useText } from '../i18n/language.ts';
import { MenuButton } from '../ui/menu.tsx';
import type { MenuEntry } from '../ui/menu-popup.tsx';
import { toastFault } from '../ui/toasts.tsx';
import { signOut, useUser } from './session.ts';

const sections: readonly (readonly [
  section: 'password' | 'sessions' | 'keys' | 'usage',
  icon: LucideIcon,
])[] = [
  ['password', UserRound],
  ['sessions', MonitorSmartphone],
  ['keys', KeyRound],
  ['usage', Coins],
];

/** One's own account: where one is signed in, keys, password, usage, and the way out. */
export function AccountMenu() {
  const t = useText('shell');
  const user = useUser();
  const navigate = useNavigate();
  const initials = user.username.slice(0, 2).toUpperCase();
  const who = (
    <div className="menu-who">
      <strong>{user.username}</strong>
      <span className="text-muted">{t(`roles.${user.role}`)}</span>
    </div>
  );
  const entries = (): MenuEntry[] => [
    { note: who },
    'line',
    ...sections.map(([section, Icon]) => ({
      label: t(`account.${section}`),
      icon: <Icon size={14} />,
      run: () => void navigate({ to: '/account/$section', params: { section } }),
    })),
    'line',
    { label: t('signOut'), icon: <LogOut size={14} />, run: () => void signOut().catch(toastFault) },
  ];
  return (
    <MenuButton
      className="avatar"
      label={`${initials}: ${t('accountOf', { name: user.username })}`}
      title={user.username}
      align="end"
      entries={entries}
    >
      {initials}
    </MenuButton>
  );
}
