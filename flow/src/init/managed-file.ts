import { chmod, lstat, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { FlowFault } from '../core/fault.ts';

/** A file that init writes. */
export interface ManagedFile {
  /** Relative to the site's folder. */
  readonly path: string;
  readonly content: string;
  readonly executable?: boolean;
  /**
   * `whole`: the file is ours as long as it carries our mark; one that somebody else wrote is kept.
   * `block`: only what stands between our two marks is ours; the rest of the file is never touched.
   */
  readonly ownership: 'whole' | 'block';
  /** How a comment begins and ends there. */
  readonly comment: readonly [string, string];
}

/** `kept`: the file exists and is somebody else's, so nothing was written. */
export type FileOutcome = 'created' | 'updated' | 'unchanged' | 'kept';

const WHOLE_MARK =
  'Written by: cds flow init. Change flow.config.ts and run it again, or remove this line to keep your own version.';
const BLOCK_START = 'cds flow init: begin';
const BLOCK_END = 'cds flow init: end';

/**
 * Brings one file up to date, or says what would happen. Running it twice changes nothing the second time.
 * @throws init.symbolic_link: a link could lead anywhere, so it is never written through.
 */
export async function writeManagedFile(
  rootDir: string,
  file: ManagedFile,
  dryRun: boolean,
): Promise<FileOutcome> {
  const full = path.join(rootDir, file.path);
  await refuseLinks(rootDir, file.path);
  const existing = await readFile(full, 'utf8').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  });
  const wanted = file.ownership === 'whole' ? wholeContent(file, existing) : blockContent(file, existing);
  if (wanted === null) return 'kept';
  if (wanted === existing) return 'unchanged';
  if (!dryRun) {
    await mkdir(path.dirname(full), { recursive: true });
    await writeFile(full, wanted);
    if (file.executable) await chmod(full, 0o755);
  }
  return existing === null ? 'created' : 'updated';
}

function wholeContent(file: ManagedFile, existing: string | null): string | null {
  if (existing !== null && !existing.includes(WHOLE_MARK)) return null;
  const [start, end] = file.comment;
  const mark = `${start}${WHOLE_MARK}${end}\n`;
  // An interpreter line and front matter must stay first.
  const first = /^(?:#![^\n]*\n|---\n[\s\S]*?\n---\n)/.exec(file.content)?.[0] ?? '';
  return `${first}${mark}${file.content.slice(first.length)}`;
}

function blockContent(file: ManagedFile, existing: string | null): string {
  const [start, end] = file.comment;
  const block = `${start}${BLOCK_START}${end}\n${file.content}${start}${BLOCK_END}${end}\n`;
  if (existing === null) return block;
  const from = existing.indexOf(`${start}${BLOCK_START}${end}\n`);
  const to = existing.indexOf(`${start}${BLOCK_END}${end}\n`, from);
  if (from === -1 || to === -1) {
    const gap = existing === '' || existing.endsWith('\n\n') ? '' : existing.endsWith('\n') ? '\n' : '\n\n';
    return `${existing}${gap}${block}`;
  }
  return existing.slice(0, from) + block + existing.slice(to + `${start}${BLOCK_END}${end}\n`.length);
}

async function refuseLinks(rootDir: string, name: string): Promise<void> {
  let current = rootDir;
  for (const part of name.split('/')) {
    current = path.join(current, part);
    const status = await lstat(current).catch(() => null);
    if (!status?.isSymbolicLink()) continue;
    throw new FlowFault('init.symbolic_link', {
      file: name,
      text: {
        en: `${path.relative(rootDir, current)} is a symbolic link; nothing was written through it.`,
        de: `${path.relative(rootDir, current)} ist ein symbolischer Verweis; durch ihn wurde nichts geschrieben.`,
      },
      fix: {
        en: 'Replace it by a real file or folder.',
        de: 'Durch eine echte Datei oder einen Ordner ersetzen.',
      },
    });
  }
}
