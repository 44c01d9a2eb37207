import type { FlowConfig } from '../core/config.ts';
import { FlowFault } from '../core/fault.ts';
import type { Environment, StepId } from '../core/step.ts';

/**
 * A run that would deploy and then could not verify is refused before its first step: better an early no than a site
 * nobody looked at.
 * @throws flow.url_missing
 */
export function checkBeforeDeploy(request: {
  readonly config: FlowConfig;
  readonly environment: Environment;
  readonly steps: readonly StepId[];
}): void {
  const { config, environment, steps } = request;
  if (!steps.includes('deploy') || !steps.includes('verify')) return;
  const hasTarget = config.deploy.targets.some((target) =>
    target.environments.some((one) => one === environment),
  );
  if (!hasTarget || config.site.url !== undefined || config.verify.url !== undefined) return;
  throw new FlowFault('flow.url_missing', {
    file: 'flow.config.ts',
    text: {
      en: "The site's address is not known, so a deploy could not be verified.",
      de: 'Die Adresse der Website ist nicht bekannt; ein Deploy könnte nicht geprüft werden.',
    },
    fix: {
      en: "Set it: site: { url: 'https://example.org/' }. Without verification: cds flow build, then cds flow deploy",
      de: "Angeben: site: { url: 'https://example.org/' }. Ohne Prüfung: cds flow build, dann cds flow deploy",
    },
  });
}
