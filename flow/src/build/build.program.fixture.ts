// Builds the folder named by the first argument, as a process of its own with its own umask and time zone.
import { flowContext } from '../testing/context.ts';
import { releaseOf } from './build.fixture.ts';
import { buildStep } from './build.ts';
import { cleanStep } from './clean.ts';

const root = process.argv[2] ?? '.';
const context = flowContext(root, { site: { url: 'https://example.org/' } }, { releaseDir: releaseOf(root) });
await cleanStep.run(context);
await buildStep.run(context);
