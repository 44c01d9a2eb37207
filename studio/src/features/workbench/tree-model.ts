/** One visible row of the file tree. */
export interface TreeRow {
  readonly path: string;
  readonly name: string;
  readonly depth: number;
  readonly kind: 'file' | 'folder';
  readonly open: boolean;
  /** Its place among what its folder holds, from 1, and how many that are. */
  readonly place: number;
  readonly siblings: number;
}

interface Node {
  readonly folders: Map<string, Node>;
  readonly files: Set<string>;
}

const emptyNode = (): Node => ({ folders: new Map(), files: new Set() });

function insert(root: Node, path: string, kind: 'file' | 'folder'): void {
  const parts = path.split('/');
  const last = parts.pop() ?? '';
  let node = root;
  for (const part of kind === 'folder' ? [...parts, last] : parts) {
    const next = node.folders.get(part) ?? emptyNode();
    node.folders.set(part, next);
    node = next;
  }
  if (kind === 'file') node.files.add(last);
}

const byName = new Intl.Collator('en', { numeric: true, sensitivity: 'base' }).compare;

export interface TreeInput {
  readonly files: readonly string[];
  /** Folders that hold no listed file. */
  readonly folders: readonly string[];
  /** Paths of the folders whose content is shown. */
  readonly open: ReadonlySet<string>;
}

/** The rows to show: folders before files, each by name, and only what lies in open folders. */
export function treeRows(input: TreeInput): TreeRow[] {
  const root = emptyNode();
  for (const path of input.folders) insert(root, path, 'folder');
  for (const path of input.files) insert(root, path, 'file');
  const rows: TreeRow[] = [];
  const walk = (node: Node, prefix: string, depth: number): void => {
    const siblings = node.folders.size + node.files.size;
    let place = 0;
    for (const name of [...node.folders.keys()].sort(byName)) {
      const path = `${prefix}${name}`;
      const open = input.open.has(path);
      place += 1;
      rows.push({ path, name, depth, kind: 'folder', open, place, siblings });
      const inner = node.folders.get(name);
      if (open && inner !== undefined) walk(inner, `${path}/`, depth + 1);
    }
    for (const name of [...node.files].sort(byName)) {
      place += 1;
      rows.push({ path: `${prefix}${name}`, name, depth, kind: 'file', open: false, place, siblings });
    }
  };
  walk(root, '', 0);
  return rows;
}

/** The folder that holds a path; empty for the workspace itself. */
export function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** A name in a folder; the empty folder is the workspace. */
export function joinPath(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`;
}

/** Every folder on the way to a path. */
export function ancestorsOf(path: string): string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}

/** Where something lands that is moved into a folder; undefined when it can't go there or is there already. */
export function moveTarget(from: string, folder: string): string | undefined {
  if (from === '' || folder === from || folder.startsWith(`${from}/`)) return undefined;
  const to = joinPath(folder, nameOf(from));
  return to === from ? undefined : to;
}

/** `name copy.ts`, `name copy 2.ts`, …: the first that is not taken. */
export function copyName(path: string, taken: ReadonlySet<string>): string {
  const name = nameOf(path);
  const dot = name.lastIndexOf('.');
  const [stem, ending] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, ''];
  for (let count = 1; ; count += 1) {
    const wanted = joinPath(parentOf(path), `${stem} copy${count === 1 ? '' : ` ${count}`}${ending}`);
    if (!taken.has(wanted)) return wanted;
  }
}
