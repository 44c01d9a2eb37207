#!/usr/bin/env node
// The flow without the platform: `npx cds-flow build` in any folder.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 24 || (major === 24 && minor < 12)) {
  process.stderr.write(
    `cds-flow needs Node 24.12 or later, this is ${process.versions.node}. cds flow brings its own.\n`,
  );
  process.exit(1);
}
const { runStandalone } = await import('../src/command/standalone.ts');
process.exitCode = await runStandalone(process.argv.slice(2));
