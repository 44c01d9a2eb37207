// A node:test reporter that counts leaf tests and gathers skip reasons and failures, as one JSON object at the end.
const errorLines = 12;

/** The head of what a test failed with: the cause, not the runner's wrapper around it. */
function reasonOf(error) {
  const cause = error?.cause ?? error;
  const text = typeof cause === 'string' ? cause : (cause?.stack ?? cause?.message ?? String(cause));
  return text.split('\n').slice(0, errorLines).join('\n');
}

/** @param {AsyncIterable<{ type: string, data: any }>} source */
export default async function* countReporter(source) {
  const counts = { passed: 0, failed: 0, skipped: 0, skipReasons: [], failures: [] };
  for await (const { type, data } of source) {
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    if (data.details?.type === 'suite') continue;
    if (type === 'test:fail') {
      counts.failed += 1;
      counts.failures.push({ file: data.file ?? '', name: data.name, reason: reasonOf(data.details?.error) });
    } else if (data.skip !== undefined || data.todo !== undefined) {
      counts.skipped += 1;
      counts.skipReasons.push(`${data.name}: ${data.skip || data.todo || 'no reason given'}`);
    } else counts.passed += 1;
  }
  yield JSON.stringify(counts);
}
