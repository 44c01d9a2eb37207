import type { FlowContext } from '../../core/step.ts';
import type { TargetConfig } from '../config.ts';
import type { DeployTarget, TargetDependencies } from '../target.ts';
import { createCloudflarePagesTarget } from './cloudflare-pages.ts';
import { createCloudflareWorkersTarget } from './cloudflare-workers.ts';
import { createGitTarget } from './git.ts';
import { createLocalTarget } from './local.ts';
import { createS3Target } from './s3.ts';
import { createSshTarget } from './ssh.ts';

/** The targets that flow.config.ts names for the context's environment, in its order. */
export function createTargets(context: FlowContext): DeployTarget[] {
  const { deploy } = context.config;
  const environment = context.environment;
  const deps: TargetDependencies = { ...context, keepReleases: deploy.keepReleases };
  return deploy.targets
    .filter((target) => target.environments.some((one) => one === environment))
    .map((target) => createTarget(target, deps));
}

function createTarget(config: TargetConfig, deps: TargetDependencies): DeployTarget {
  switch (config.kind) {
    case 'local':
      return createLocalTarget(config, deps);
    case 'ssh':
      return createSshTarget(config, deps);
    case 'git':
      return createGitTarget(config, deps);
    case 's3':
      return createS3Target(config, deps);
    case 'cloudflare-pages':
      return createCloudflarePagesTarget(config, deps);
    case 'cloudflare-workers':
      return createCloudflareWorkersTarget(config, deps);
  }
}
