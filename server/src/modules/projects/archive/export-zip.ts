import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import yazl from 'yazl';
import { openFolder, openForReading } from '#kernel/files/descriptor.ts';
import { asFileFault } from '#kernel/files/errors.ts';
import { assertLinksInside } from '#kernel/files/hard-links.ts';
import { assertRegular } from '#kernel/files/read.ts';
import { scan } from '#kernel/files/scan.ts';
import { openAt, walk } from '#kernel/files/walk.ts';
import type { Workspace } from '#kernel/files/workspace.ts';
import { parseWorkspacePath } from '#kernel/files/workspace-path.ts';

/** What can be made again is left out, and so is the repository: a zip is the working files. */
const leftOut = new Set(['.git', 'node_modules', '.venv', '__pycache__']);

/** Packs a workspace while it is read; at any moment one file is open. Links are left out. */
export async function packZip(workspace: Workspace, rootName: string): Promise<Readable> {
  const zip = new yazl.ZipFile();
  using root = openFolder(workspace.workspacePath);
  // A backslash would part folders on other systems, and the zip library takes it for a slash.
  const packs = (name: string) => !leftOut.has(name) && !name.includes('\\');
  const enters = ({ name }: { name: string }) => packs(name);
  const output = zip.outputStream as Readable;
  let packing: Readable | undefined;
  for await (const { path, name, stats } of scan(root, { maxDepth: workspace.limits.depth, enters })) {
    const packed = `${rootName}/${path}`;
    if (!packs(name)) continue;
    if (stats.isDirectory()) zip.addEmptyDirectory(packed, { mtime: stats.mtime, mode: 0o40755 });
    else if (stats.isFile()) {
      const mode = (stats.mode & 0o100) === 0 ? 0o100644 : 0o100755;
      zip.addReadStreamLazy(packed, { mtime: stats.mtime, mode }, (done) => {
        openStream(workspace, path).then(
          (stream) => {
            packing = stream;
            if (output.destroyed) stream.destroy();
            else done(null, stream);
          },
          // Gone since the tree was read: an empty entry, for the list of names is already fixed.
          () => done(null, Readable.from([])),
        );
      });
    }
  }
  zip.end();
  // yazl reports failures of its sources there, not on the stream.
  (zip as unknown as NodeJS.EventEmitter).on('error', (error: Error) => output.destroy(error));
  // A download that is broken off: nobody reads the file to its end, which would close it.
  output.once('close', () => packing?.destroy());
  return output;
}

async function openStream(workspace: Workspace, path: string): Promise<Readable> {
  try {
    using place = walk(workspace.workspacePath, parseWorkspacePath(path, workspace.limits));
    using anchor = openAt(place);
    const stats = anchor.stat();
    assertRegular(stats, path);
    if (stats.nlink > 1) await assertLinksInside(workspace, { stats, path });
    const { fd } = openForReading(anchor);
    // The stream closes it. A file that grows while it is packed ends where it ended when it was opened.
    return stats.size === 0
      ? createReadStream('', { fd, end: 0 })
      : createReadStream('', { fd, start: 0, end: stats.size - 1 });
  } catch (error) {
    throw asFileFault(error, path);
  }
}

/** A project's name as a file or folder name that every system takes. */
export function fileNameOf(projectName: string): string {
  const plain = projectName
    .normalize('NFKC')
    .replace(/[^\p{L}\p{N}._-]+/gu, '-')
    .replace(/^[.-]+|[.-]+$/g, '')
    .slice(0, 80);
  return plain === '' ? 'project' : plain;
}
