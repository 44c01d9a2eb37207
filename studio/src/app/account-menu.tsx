import { Menu } from '@base-ui/react/menu';
import { useNavigate } from '@tanstack/react-router';
import { Coins, KeyRound, LogOut, type LucideIcon, MonitorSmartphone, UserRound } from 'lucide-react';
import { useText } from '../i18n/language.ts';
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
  return (
    <Menu.Root>
      <Menu.Trigger
        className="avatar"
        aria-label={`${initials}: ${t('accountOf', { name: user.username })}`}
        title={user.username}
      >
        {initials}
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Positioner sideOffset={6} align="end" className="menu-layer">
          <Menu.Popup className="menu">
            <div className="menu-who">
              <strong>{user.username}</strong>
              <span className="text-muted">{t(`roles.${user.role}`)}</span>
            </div>
            <div className="menu-line" />
            {sections.map(([section, Icon]) => (
              <Menu.Item
                key={section}
                className="menu-item"
                onClick={() => void navigate({ to: '/account/$section', params: { section } })}
              >
                <Icon size={14} /> {t(`account.${section}`)}
              </Menu.Item>
            ))}
            <div className="menu-line" />
            <Menu.Item className="menu-item" onClick={() => void signOut().catch(toastFault)}>
              <LogOut size={14} /> {t('signOut')}
            </Menu.Item>
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  );
}
