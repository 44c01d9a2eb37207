import { Menu } from '@base-ui/react/menu';
import { useNavigate } from '@tanstack/react-router';
import { LogOut, UserRound } from 'lucide-react';
import { useText } from '../i18n/language.ts';
import { signOut, type User } from './session.ts';
import { shellTexts } from './texts.ts';

export function AccountMenu({ user }: { user: User }) {
  const t = useText(shellTexts);
  const navigate = useNavigate();
  const initials = user.username.slice(0, 2).toUpperCase();
  return (
    <Menu.Root>
      <Menu.Trigger className="avatar" aria-label={`${initials}: ${t.account} ${user.username}`}>
        {initials}
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Positioner sideOffset={6} align="end" style={{ zIndex: 30 }}>
          <Menu.Popup className="menu">
            <Menu.Item className="menu-item" onClick={() => void navigate({ to: '/account' })}>
              <UserRound size={14} /> {t.account}
            </Menu.Item>
            <Menu.Item className="menu-item" onClick={() => void signOut()}>
              <LogOut size={14} /> {t.signOut}
            </Menu.Item>
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  );
}
