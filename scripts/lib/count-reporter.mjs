// A node:test reporter that counts leaf tests and gathers skip reasons, as one JSON object at the end.

/** @param {AsyncIterable<{ type: string, data: any }>} source */
export default async function* countReporter(source) {
  const counts = { passed: 0, failed: 0, skipped: 0, skipReasons: [], failures: [] };
  for await (const { type, data } of source) {
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    if (data.details?.type === 'suite') continue;
    if (type === 'test:fail') {
      counts.failed += 1;
      counts.failures.push(`${data.file ?? ''}: ${data.name}`);
    } else if (data.skip !== undefined || data.todo !== undefined) {
      counts.skipped += 1;
      counts.skipReasons.push(`${data.name}: ${data.skip || data.todo || 'no reason given'}`);
    } else counts.passed += 1;
  }
  yield JSON.stringify(counts);
}
