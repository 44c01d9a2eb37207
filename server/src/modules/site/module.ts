import { z } from 'zod';
import { fault } from '#base/fault.ts';
import { defineModule } from '#kernel/module.ts';
import { projectsContract } from '#modules/projects/contract.ts';
import { sandboxContract } from '#modules/sandbox/contract.ts';
import { readBuilt } from './built.ts';
import { siteContract } from './contract.ts';
import { siteFolders } from './folders.ts';
import { createPreviewTokens, mountPreview } from './preview.ts';
import { createSiteService } from './service.ts';

/** Settings of sites: `CDS_SITE_…`. */
const siteConfig = z.object({
  mostBuilds: z.int().min(1).max(64).default(2).describe('Sites that are built or deployed at the same time'),
  mostFiles: z
    .int()
    .min(1)
    .default(100_000)
    .describe('The most files of a project that a site is built from'),
  mostBytes: z.int().min(1).default(2_000_000_000).describe('The most bytes of them'),
});

/** Wiring only; the rules stand in service.ts. */
export const site = defineModule({
  name: 'site',
  contract: siteContract,
  needs: { projects: projectsContract, sandbox: sandboxContract },
  config: siteConfig,
  start: (context) => {
    const { dataDir, config, clients, publish, now } = context;
    const service = createSiteService({ dataDir, config, clients, publish, now });
    const tokens = createPreviewTokens(context.secret('site.preview'), now);
    const purged = context.events.consume('site.projects', 'project.purged', async ({ payload }) => {
      const { projectId } = payload as { projectId: string };
      await service.forget(projectId);
    });
    context.defer(() => purged[Symbol.dispose]());
    return {
      handlers: {
        'site.build': ({ params, user, call }) => service.build({ projectId: params.projectId, user, call }),
        'site.deploy': ({ params, user, call }) =>
          service.deploy({ projectId: params.projectId, user, call }),
        'site.state': ({ params, user, call }) => service.state({ projectId: params.projectId, user, call }),
        'site.diff': ({ params, user, call }) => {
          const { projectId, before, after } = params;
          const wish = {
            ...(before === undefined ? {} : { before }),
            ...(after === undefined ? {} : { after }),
          };
          return service.diff({ projectId, user, call }, wish);
        },
        'site.rollback': ({ params, user, call }) =>
          service.rollback({ projectId: params.projectId, user, call }, params.releaseId),
        'site.preview': async ({ params, user, call }) => {
          const { projectId, which } = params;
          const { built } = await service.state({ projectId, user, call });
          const { liveDir } = siteFolders(dataDir, projectId);
          const present = which === 'built' ? built : await readBuilt(`${liveDir}/current`);
          if (present === null) throw fault('site.nothing_built');
          return tokens.issue(projectId, which);
        },
      },
      routes: (app) => mountPreview(app, { tokens, dataDir }),
    };
  },
});
