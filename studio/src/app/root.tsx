import { Outlet } from '@tanstack/react-router';
import { lazy, Suspense, useEffect } from 'react';
import { rpcConnection } from '../rpc/client.ts';
import { PanelError } from '../ui/panel-boundary.tsx';
import { useSession } from './session.ts';

const SignInView = lazy(async () => ({
  default: (await import('../features/auth/sign-in-view.tsx')).SignInView,
}));

/** Everything but signing in stands behind a session; the address is kept, so that a deep link survives it. */
export function Root() {
  const session = useSession();
  const signedIn = session.data !== undefined && session.data !== null;
  useEffect(() => {
    if (!signedIn) return;
    rpcConnection.start();
    const hurry = () => rpcConnection.hurry();
    addEventListener('online', hurry);
    document.addEventListener('visibilitychange', hurry);
    return () => {
      removeEventListener('online', hurry);
      document.removeEventListener('visibilitychange', hurry);
    };
  }, [signedIn]);
  if (session.data === undefined) {
    if (session.error === null) return null;
    return <PanelError error={session.error} retry={() => void session.refetch()} />;
  }
  return <Suspense fallback={null}>{session.data === null ? <SignInView /> : <Outlet />}</Suspense>;
}
