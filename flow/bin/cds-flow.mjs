#!/usr/bin/env node
// The flow without the platform: `npx cds-flow build` in any folder.
import module from 'node:module';
import path from 'node:path';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 24 || (major === 24 && minor < 12)) {
  process.stderr.write(
    `cds-flow needs Node 24.12 or later, this is ${process.versions.node}. cds flow brings its own.\n`,
  );
  process.exit(1);
}
// Compiled code is kept in a folder of this user alone, since it is run as it lies there.
const home = process.env.HOME || process.env.USERPROFILE;
const caches = process.env.XDG_CACHE_HOME || (home && path.join(home, '.cache'));
const compiled =
  process.env.NODE_COMPILE_CACHE || (caches && path.join(caches, 'cyberdevstudio', 'compiled'));
if (compiled) module.enableCompileCache(compiled);
const { runStandalone } = await import('../src/command/standalone.ts');
process.exitCode = await runStandalone(process.argv.slice(2));
