// What a test run counts, and how it is said at the end.
import path from 'node:path';
import { root } from './toolchain.mjs';

/** Adds what one suite counted to the whole. */
export function add(total, counts) {
  total.passed += counts.passed;
  total.failed += counts.failed;
  total.skipped += counts.skipped;
  total.skipReasons.push(...counts.skipReasons);
  total.failures.push(...counts.failures);
  total.unsteady.push(...counts.unsteady);
}

/** The counts of a run before its first test. */
export function nothing() {
  return { passed: 0, failed: 0, skipped: 0, skipReasons: [], failures: [], unsteady: [], failedSteps: [] };
}

/** Says at the end of a run what was skipped, what passed only by itself, and what failed with its reason. */
export function sayOutcome({ skipReasons, unsteady, failures }) {
  const named = ({ file, name, reason }) => {
    const where = file === '' ? '' : `${path.relative(root, file)}: `;
    return `${where}${name}\n    ${reason.replaceAll('\n', '\n    ')}\n`;
  };
  for (const reason of skipReasons) process.stdout.write(`skipped: ${reason}\n`);
  for (const test of unsteady) process.stdout.write(`unsteady, passed when run by itself: ${named(test)}`);
  for (const test of failures) process.stdout.write(`failed: ${named(test)}`);
}
