import { expect, test } from 'vitest';
import { ignoreRules } from './ignore-rules.ts';

test('a name without a slash is left out at every depth, with all that lies in it', () => {
  const ignored = ignoreRules('node_modules\n*.log\n');
  expect(ignored('node_modules', 'folder')).toBe(true);
  expect(ignored('packages/a/node_modules/x/index.js', 'file')).toBe(true);
  expect(ignored('deep/er/run.log', 'file')).toBe(true);
  expect(ignored('src/log.ts', 'file')).toBe(false);
});

test('a slash at the start or in the middle ties a rule to the root', () => {
  const ignored = ignoreRules('/dist\ndocs/*.html\n');
  expect(ignored('dist', 'folder')).toBe(true);
  expect(ignored('src/dist', 'folder')).toBe(false);
  expect(ignored('docs/a.html', 'file')).toBe(true);
  expect(ignored('docs/deep/a.html', 'file')).toBe(false);
});

test('a slash at the end means folders only', () => {
  const ignored = ignoreRules('build/\n');
  expect(ignored('build', 'folder')).toBe(true);
  expect(ignored('build', 'file')).toBe(false);
  expect(ignored('build/x.js', 'file')).toBe(true);
});

test('the last rule that fits decides, and an exclamation mark takes back', () => {
  const ignored = ignoreRules('*.env\n!example.env\n');
  expect(ignored('local.env', 'file')).toBe(true);
  expect(ignored('example.env', 'file')).toBe(false);
});

test('two stars stand for any number of folders', () => {
  const ignored = ignoreRules('a/**/z\nlogs/**\n');
  expect(ignored('a/z', 'file')).toBe(true);
  expect(ignored('a/b/c/z', 'file')).toBe(true);
  expect(ignored('logs/x/y', 'file')).toBe(true);
});

test('comments, empty lines and characters with a meaning elsewhere do no harm', () => {
  const ignored = ignoreRules('# note\n\n\\#file\n(a+b).txt\r\n');
  expect(ignored('#file', 'file')).toBe(true);
  expect(ignored('(a+b).txt', 'file')).toBe(true);
  expect(ignored('note', 'file')).toBe(false);
});
