// Runs the test suites on one database server that is started for the run.
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { add, nothing } from './counts.mjs';
import { runStep } from './steps.mjs';
import { root } from './toolchain.mjs';
import { toolCommand } from './tools.mjs';

const suites = ['scripts', 'server/src', 'cli/src', 'flow/src'];
const lineCoverage = 85;

function testFiles(folder) {
  return readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    if (['node_modules', 'dist', 'fixtures', 'templates'].includes(entry.name)) return [];
    const inner = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return testFiles(inner);
    return /\.test\.(ts|mjs)$/.test(entry.name) ? [inner] : [];
  });
}

const isSlow = (file) => file.endsWith('.slow.test.ts');

/** A database server for the whole run; its address is what CDS_TEST_DATABASE_URL holds. */
async function startTestDatabase(node, env) {
  const server = spawn(node, [path.join(root, 'server', 'src', 'kernel', 'testing', 'database-server.ts')], {
    cwd: root,
    env,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const url = await new Promise((resolve, reject) => {
    let text = '';
    server.stdout.on('data', (chunk) => {
      text += chunk;
      const line = /^(postgres\S+)\n/.exec(text);
      if (line) resolve(line[1]);
    });
    server.on('exit', (code) => reject(new Error(`the test database ended with ${code}`)));
  });
  // It stops when its standard input closes, so also when this process is killed.
  const stopped = new Promise((resolve) => server.on('exit', resolve));
  const stop = () => {
    server.stdin.end();
    return stopped;
  };
  return { url, stop };
}

/** At most this many files are given a second try: more failures than that are no accident. */
const secondTryFiles = 3;

/**
 * Runs the files. Where few of them failed, each of these runs once more by itself: a test that passes then is
 * named as unsteady at the end of the run, one that fails again is a failure.
 */
async function runNodeTests(files, options) {
  const counts = await runNodeTestsOnce(files, options);
  const failedFiles = [...new Set(counts.failures.map((failure) => failure.file))];
  if (failedFiles.length === 0 || failedFiles.length > secondTryFiles || failedFiles.includes(''))
    return counts;
  const again = await runNodeTestsOnce(failedFiles, { ...options, concurrency: 1 });
  const isSame = (one) => (other) => other.file === one.file && other.name === one.name;
  const endedWell = again.failed === again.failures.length;
  const unsteady = counts.failures.filter((one) => endedWell && !again.failures.some(isSame(one)));
  const remaining = counts.failures.filter((one) => !unsteady.includes(one));
  const failures = [...remaining, ...again.failures.filter((one) => !remaining.some(isSame(one)))];
  return {
    ...counts,
    passed: counts.passed + unsteady.length,
    failed: Math.max(failures.length, counts.failed - unsteady.length),
    failures,
    unsteady,
  };
}

async function runNodeTestsOnce(files, { node, env, concurrency }) {
  const folder = mkdtempSync(path.join(tmpdir(), 'cds-test-run-'));
  const report = path.join(folder, 'counts.json');
  const flags = [
    '--test',
    `--test-concurrency=${concurrency}`,
    '--test-timeout=300000',
    '--test-reporter=spec',
    '--test-reporter-destination=stdout',
    `--test-reporter=${path.join(root, 'scripts', 'lib', 'count-reporter.mjs')}`,
    `--test-reporter-destination=${report}`,
  ];
  const { code } = await runStep([node, ...flags, ...files], { env });
  let counts = {
    ...nothing(),
    failed: 1,
    failures: [{ file: '', name: 'the test runner itself', reason: 'it ended without a report' }],
  };
  try {
    counts = { ...nothing(), ...JSON.parse(readFileSync(report, 'utf8')) };
  } catch {
    // The runner died before its report: that is the failure counted above.
  }
  rmSync(folder, { recursive: true, force: true });
  if (code !== 0 && counts.failed === 0) counts.failed = 1;
  return counts;
}

async function runVitest({ node, env }) {
  const folder = mkdtempSync(path.join(tmpdir(), 'cds-vitest-'));
  const report = path.join(folder, 'report.json');
  const command = [
    node,
    toolCommand('vitest'),
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
  ];
  const { code } = await runStep(command, { env, cwd: path.join(root, 'studio') });
  const counts = { ...nothing(), failed: code === 0 ? 0 : 1 };
  try {
    const parsed = JSON.parse(readFileSync(report, 'utf8'));
    counts.passed = parsed.numPassedTests;
    counts.failed = Math.max(counts.failed, parsed.numFailedTests);
    counts.skipped = parsed.numPendingTests;
    counts.failures = parsed.testResults.flatMap(({ name: file, assertionResults }) =>
      assertionResults
        .filter(({ status }) => status === 'failed')
        .map(({ fullName, failureMessages }) => ({
          file,
          name: fullName,
          reason: failureMessages.join('\n'),
        })),
    );
  } catch {
    counts.failed = 1;
  }
  rmSync(folder, { recursive: true, force: true });
  return counts;
}

/** The tests of the fast gate: all but the slow ones and the end-to-end ones. */
export async function fastTests(node, env) {
  const total = nothing();
  const database = await startTestDatabase(node, env);
  try {
    const testEnv = { ...env, CDS_TEST_DATABASE_URL: database.url };
    const files = suites.flatMap(testFiles).filter((file) => !isSlow(file));
    add(total, await runNodeTests(files, { node, env: testEnv, concurrency: 3 }));
    add(total, await runVitest({ node, env: testEnv }));
  } finally {
    await database.stop();
  }
  return total;
}

/** Every test, with coverage of our own code, and the end-to-end suite against both forms. */
export async function allTests(node, env) {
  const total = nothing();
  const coverage = mkdtempSync(path.join(tmpdir(), 'cds-coverage-'));
  const database = await startTestDatabase(node, env);
  const step = (name, counts) => {
    add(total, counts);
    if (counts.failed > 0) total.failedSteps.push(name);
  };
  try {
    const testEnv = { ...env, CDS_TEST_DATABASE_URL: database.url, NODE_V8_COVERAGE: coverage };
    const files = suites.flatMap(testFiles);
    step(
      'unit tests',
      await runNodeTests(
        files.filter((file) => !isSlow(file)),
        { node, env: testEnv, concurrency: 2 },
      ),
    );
    step('slow tests', await runNodeTests(files.filter(isSlow), { node, env: testEnv, concurrency: 1 }));
    step('studio tests', await runVitest({ node, env }));
    for (const form of ['one', 'split']) {
      const formEnv = { ...testEnv, CDS_TEST_FORM: form };
      step(
        `end to end, ${form}`,
        await runNodeTests(testFiles('e2e'), { node, env: formEnv, concurrency: 1 }),
      );
    }
  } finally {
    await database.stop();
  }
  const report = await runStep(
    [
      node,
      toolCommand('c8'),
      'report',
      '--temp-directory',
      coverage,
      '--check-coverage',
      '--lines',
      String(lineCoverage),
      '--reporter',
      'text-summary',
      '--all',
      '--include',
      'server/src/**/*.ts',
      '--include',
      'cli/src/**/*.ts',
      '--include',
      'flow/src/**/*.ts',
      '--exclude',
      '**/*.test.ts',
      '--exclude',
      '**/testing/**',
      '--exclude',
      '**/templates/**',
      '--exclude',
      '**/fixtures/**',
    ],
    { env },
  );
  if (report.code !== 0) total.failedSteps.push(`line coverage under ${lineCoverage} %`);
  rmSync(coverage, { recursive: true, force: true });
  return total;
}
