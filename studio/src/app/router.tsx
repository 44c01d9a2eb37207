import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
} from '@tanstack/react-router';
import { SignInView } from '../features/auth/sign-in-view.tsx';
import { PanelError } from '../ui/panel-boundary.tsx';
import { useUser } from './session.ts';
import { Shell } from './shell.tsx';

/** Everything but signing in stands behind a session; the address is kept, so that a deep link survives it. */
function Root() {
  const user = useUser();
  if (user === undefined) return null;
  if (user === null) return <SignInView />;
  return (
    <Shell user={user}>
      <Outlet />
    </Shell>
  );
}

const rootRoute = createRootRoute({
  component: Root,
  errorComponent: ({ error, reset }) => <PanelError error={error} retry={reset} />,
});

const projectsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/',
  component: lazyRouteComponent(() => import('../features/projects/projects-view.tsx'), 'ProjectsView'),
});

export const projectRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/p/$projectId',
  component: lazyRouteComponent(() => import('../features/workbench/workbench-view.tsx'), 'WorkbenchView'),
});

export const runRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/p/$projectId/run',
  component: lazyRouteComponent(() => import('../features/run/run-view.tsx'), 'RunView'),
});

const accountRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/account',
  component: lazyRouteComponent(() => import('../features/account/account-view.tsx'), 'AccountView'),
});

const usersRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/admin/people',
  component: lazyRouteComponent(() => import('../features/account/people-view.tsx'), 'PeopleView'),
});

export const router = createRouter({
  routeTree: rootRoute.addChildren([projectsRoute, projectRoute, runRoute, accountRoute, usersRoute]),
  defaultPreload: 'intent',
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
