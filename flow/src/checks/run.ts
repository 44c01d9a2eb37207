import path from 'node:path';
import { FlowFault } from '../core/fault.ts';
import type { FlowContext } from '../core/step.ts';
import { checkEncoding, type EncodingOutcome } from './encoding/encoding.ts';
import { type Finding, sortFindings } from './finding.ts';
import { checkHeaderFiles } from './headers/headers.ts';
import { checkHtml } from './html/html.ts';
import { checkImages } from './images/images.ts';
import { checkLinks } from './links/links.ts';
import { checkMarkdown } from './markdown/markdown.ts';
import { readIgnoreMarks } from './marks.ts';
import { checkSecrets } from './secrets/secrets.ts';
import { type CheckedSource, createSource } from './source.ts';
import { isTextFile } from './text-files.ts';
import { listSourceFiles } from './tree.ts';

/** The checks by name, in the order in which `all` runs them. */
export const checkNames = ['encoding', 'links', 'markdown', 'html', 'headers', 'secrets', 'images'] as const;
export type CheckName = (typeof checkNames)[number];

export interface ChecksRequest {
  /** The folder to check; the site's own when not given. A relative path starts at the site's folder. */
  readonly dir?: string;
  readonly checks: readonly CheckName[];
  /** Only these files are reported on (a pre-commit hook's staged ones), relative to `dir`. */
  readonly files?: readonly string[];
  /** For `encoding`: shows repairs as diffs, or writes them. */
  readonly fix?: 'show' | 'write';
  /** Asks other servers about external links, whatever the settings say. */
  readonly externalLinks?: boolean;
}

export interface ChecksResult {
  /** What is left, sorted by file and place. A command ends with exit code 1 when this isn't empty. */
  readonly findings: readonly Finding[];
  readonly diffs: readonly string[];
  readonly written: readonly string[];
  readonly checkedFiles: number;
}

/**
 * Runs checks on a folder. Ignore marks, `checks.disable` and `checks.ignore` hold for all of them.
 * @throws check.folder_missing
 */
export async function runChecks(context: FlowContext, request: ChecksRequest): Promise<ChecksResult> {
  const rootDir = path.resolve(context.rootDir, request.dir ?? '.');
  const settings = context.config.checks;
  const tree = await listSourceFiles(rootDir).catch((cause: unknown) => {
    throw folderFault(rootDir, cause);
  });
  const isIgnored = (file: string) => settings.ignore.some((glob) => path.posix.matchesGlob(file, glob));
  const allFiles = tree.files;
  const wanted = request.files ? new Set(request.files.map((file) => path.posix.normalize(file))) : null;
  const files = allFiles.filter((file) => !isIgnored(file) && (wanted === null || wanted.has(file)));
  const source = createSource({ rootDir, files, allFiles });

  const encoding = request.checks.includes('encoding')
    ? await checkEncoding({
        rootDir,
        files,
        charsets: settings.charsets,
        ...(request.fix ? { fix: request.fix } : {}),
      })
    : null;
  const findings: Finding[] = [
    ...(encoding?.findings ?? []),
    ...tree.findings.filter((one) => !isIgnored(one.file)),
  ];
  for (const name of request.checks)
    findings.push(...(await runCheck({ name, source, context, request, rootDir })));
  return {
    findings: sortFindings(await withoutIgnored(source, findings, settings.disable)),
    ...repairs(encoding),
    checkedFiles: files.length,
  };
}

function repairs(encoding: EncodingOutcome | null): Pick<ChecksResult, 'diffs' | 'written'> {
  return { diffs: encoding?.diffs ?? [], written: encoding?.written ?? [] };
}

type CheckRun = {
  name: CheckName;
  source: CheckedSource;
  context: FlowContext;
  request: ChecksRequest;
  rootDir: string;
};

async function runCheck({ name, source, context, request, rootDir }: CheckRun): Promise<readonly Finding[]> {
  const { checks, build, site, worker, hash } = context.config;
  switch (name) {
    case 'encoding':
      return [];
    case 'links':
      return checkLinks(source, {
        // In a release or any other folder that was named, `/` is that folder.
        siteFolder:
          rootDir === context.rootDir && build.source
            ? path.posix.normalize(build.source).replace(/^\.$|\/$/g, '')
            : '',
        siteUrl: site.url ?? null,
        external: [...worker.apiPaths, ...hash.external],
        askOthers: request.externalLinks ?? checks.externalLinks,
        timeoutMs: checks.externalTimeoutMs,
        signal: context.signal,
      });
    case 'markdown':
      return checkMarkdown(source);
    case 'html':
      return checkHtml(source);
    case 'headers':
      return checkHeaderFiles(source);
    case 'secrets':
      return checkSecrets(source);
    case 'images':
      return checkImages(source, { maxBytes: checks.imageMaxBytes, maxPixels: checks.imageMaxPixels });
  }
}

/** Drops what the settings switch off and what a mark in the file says is meant. */
async function withoutIgnored(
  source: CheckedSource,
  findings: readonly Finding[],
  disabled: readonly string[],
): Promise<Finding[]> {
  const kept: Finding[] = [];
  for (const [file, group] of Map.groupBy(findings, (finding) => finding.file)) {
    const bytes = await source.read(file).catch(() => null);
    const isText = bytes !== null && isTextFile(file, bytes);
    const marks = isText ? readIgnoreMarks(bytes.toString('utf8')) : () => false;
    for (const finding of group) {
      const off = disabled.some((name) => finding.rule === name || finding.rule.startsWith(`${name}.`));
      if (!off && !marks(finding.rule, finding.line)) kept.push(finding);
    }
  }
  return kept;
}

function folderFault(dir: string, cause: unknown): FlowFault {
  return new FlowFault('check.folder_missing', {
    text: { en: `${dir} can't be read.`, de: `${dir} lässt sich nicht lesen.` },
    fix: { en: 'Name a folder that exists.', de: 'Einen vorhandenen Ordner nennen.' },
    cause,
  });
}
