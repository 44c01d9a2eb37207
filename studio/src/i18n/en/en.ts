import { account } from './account.ts';
import { agents } from './agents.ts';
import { auth } from './auth.ts';
import { git } from './git.ts';
import { machines } from './machines.ts';
import { manage } from './manage.ts';
import { models } from './models.ts';
import { playground } from './playground.ts';
import { projects } from './projects.ts';
import { run } from './run.ts';
import { search } from './search.ts';
import { shell } from './shell.ts';
import { site } from './site.ts';
import { terminal } from './terminal.ts';
import { ui } from './ui.ts';
import { workbench } from './workbench.ts';

export const en = {
  account,
  agents,
  auth,
  git,
  machines,
  manage,
  models,
  playground,
  projects,
  run,
  search,
  shell,
  site,
  terminal,
  ui,
  workbench,
};
