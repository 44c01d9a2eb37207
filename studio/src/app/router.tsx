import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
} from '@tanstack/react-router';
import { PanelError } from '../ui/panel-boundary.tsx';
import { parseAgentsSearch } from './agents-search.ts';
import { NotFound } from './not-found.tsx';
import { Root } from './root.tsx';
import { Shell } from './shell.tsx';
import { parseWorkbenchSearch, textOf } from './workbench-search.ts';

const rootRoute = createRootRoute({
  component: Root,
  errorComponent: ({ error, reset }) => <PanelError error={error} retry={reset} />,
  notFoundComponent: NotFound,
});

const welcomeRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/welcome',
  component: lazyRouteComponent(() => import('../features/projects/welcome-view.tsx'), 'WelcomeView'),
});

const shellRoute = createRoute({
  getParentRoute: () => rootRoute,
  id: 'shell',
  component: () => (
    <Shell>
      <Outlet />
    </Shell>
  ),
});

const projectsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/',
  component: lazyRouteComponent(() => import('../features/projects/projects-view.tsx'), 'ProjectsView'),
});

const workbenchRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/p/$projectId',
  validateSearch: parseWorkbenchSearch,
  component: lazyRouteComponent(() => import('../features/workbench/workbench-view.tsx'), 'WorkbenchView'),
});

const runRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/p/$projectId/run',
  validateSearch: (search: Record<string, unknown>): { config?: string } => {
    const config = textOf(search.config);
    return config === undefined ? {} : { config };
  },
  component: lazyRouteComponent(() => import('../features/run/run-view.tsx'), 'RunView'),
});

const siteRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/p/$projectId/site',
  component: lazyRouteComponent(() => import('../features/site/site-view.tsx'), 'SiteView'),
});

const agentsView = () => import('../features/agents/agents-view.tsx');

const agentsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/p/$projectId/agents',
  validateSearch: parseAgentsSearch,
  component: lazyRouteComponent(agentsView, 'AgentsView'),
});

const agentTaskRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/p/$projectId/agents/$taskId',
  validateSearch: parseAgentsSearch,
  component: lazyRouteComponent(agentsView, 'AgentsView'),
});

const settingsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/p/$projectId/settings',
  component: lazyRouteComponent(() => import('../features/projects/settings-view.tsx'), 'SettingsView'),
});

const playgroundRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/playground',
  component: lazyRouteComponent(() => import('../features/playground/playground-view.tsx'), 'PlaygroundView'),
});

const accountRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/account/$section',
  component: lazyRouteComponent(() => import('../features/account/account-view.tsx'), 'AccountView'),
});

const manageRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: '/manage/$section',
  component: lazyRouteComponent(() => import('../features/manage/manage-view.tsx'), 'ManageView'),
});

export const router = createRouter({
  routeTree: rootRoute.addChildren([
    welcomeRoute,
    shellRoute.addChildren([
      projectsRoute,
      workbenchRoute,
      runRoute,
      siteRoute,
      agentsRoute,
      agentTaskRoute,
      settingsRoute,
      playgroundRoute,
      accountRoute,
      manageRoute,
    ]),
  ]),
  defaultPreload: 'intent',
  defaultErrorComponent: ({ error, reset }) => <PanelError error={error} retry={reset} />,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
