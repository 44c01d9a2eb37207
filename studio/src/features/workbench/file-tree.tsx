import { FilePlus, FolderPlus } from 'lucide-react';
import { type KeyboardEvent, type ReactNode, useRef, useState } from 'react';
import { useText } from '../../i18n/language.ts';
import { useRows } from '../../ui/use-rows.ts';
import type { FileActions } from './file-actions.ts';
import type { GitLetter } from './git-letters.ts';
import { NameInput } from './name-input.tsx';
import { agentsOf, type Proposals } from './proposals.ts';
import { type TreeCommands, TreeContextMenu, TreeMoreMenu } from './tree-menu.tsx';
import { joinPath, moveTarget, parentOf, type TreeRow } from './tree-model.ts';
import { dropTarget, TreeRowItem } from './tree-row.tsx';
import { useReturningFocus } from './use-returning-focus.ts';
import type { Tree } from './use-tree.ts';

interface FileTreeProps {
  readonly tree: Tree;
  readonly letters: ReadonlyMap<string, GitLetter>;
  readonly proposals: Proposals;
  readonly active: string | undefined;
  readonly editable: boolean;
  readonly actions: FileActions;
  readonly onOpen: (path: string) => void;
}

type Editing =
  | { readonly kind: 'file' | 'folder'; readonly folder: string }
  | { readonly kind: 'rename'; readonly path: string };

const rowHeightPx = 24;

/** The project's files: arrows walk, Enter opens, F2 renames, Delete deletes, Ctrl X and V or dragging move. */
export function FileTree({ tree, letters, proposals, active, editable, actions, onOpen }: FileTreeProps) {
  const t = useText('workbench');
  const { rows } = tree;
  const [current, setCurrent] = useState<string>();
  const [editing, setEditing] = useState<Editing>();
  const [cut, setCut] = useState<string>();
  const scroller = useRef<HTMLDivElement>(null);
  const drawn = useRows(scroller, { count: rows.length, rowPx: rowHeightPx });
  const returnTo = useReturningFocus(rows, scroller, drawn.show);
  const wanted = current ?? active;
  const focusedRow = rows.find((row) => row.path === wanted) ?? rows[0];
  const folderHere =
    focusedRow === undefined
      ? ''
      : focusedRow.kind === 'folder'
        ? focusedRow.path
        : parentOf(focusedRow.path);

  function activate(row: TreeRow) {
    setCurrent(row.path);
    if (row.kind === 'folder') tree.toggle(row.path);
    else onOpen(row.path);
  }

  function focusRow(index: number) {
    const row = rows[Math.max(0, Math.min(rows.length - 1, index))];
    if (row === undefined) return;
    setCurrent(row.path);
    drawn.show(rows.indexOf(row));
    focusCurrent();
  }

  function focusCurrent() {
    requestAnimationFrame(() =>
      scroller.current?.querySelector<HTMLElement>('[role="treeitem"][tabindex="0"]')?.focus(),
    );
  }

  function openOrNext(row: TreeRow, index: number) {
    if (row.kind === 'folder' && !row.open) tree.toggle(row.path, true);
    else focusRow(index + 1);
  }

  function closeOrParent(row: TreeRow) {
    if (row.open) tree.toggle(row.path, false);
    else focusRow(rows.findIndex((other) => other.path === parentOf(row.path)));
  }

  function begin(kind: 'file' | 'folder') {
    if (folderHere !== '') tree.toggle(folderHere, true);
    setEditing({ kind, folder: folderHere });
  }

  async function finish(name: string) {
    if (editing === undefined) return;
    setEditing(undefined);
    const path = joinPath(editing.kind === 'rename' ? parentOf(editing.path) : editing.folder, name);
    if (editing.kind === 'rename') {
      const moved = await actions.move(editing.path, path);
      returnTo(moved ? path : editing.path);
    } else if (await actions.create(path, editing.kind)) returnTo(path);
  }

  function cancel(byKey: boolean) {
    setEditing(undefined);
    if (byKey) focusCurrent();
  }

  async function remove(row: TreeRow) {
    const below = rows.slice(rows.indexOf(row) + 1).find((other) => !other.path.startsWith(`${row.path}/`));
    const next = below ?? rows[rows.indexOf(row) - 1];
    if (await actions.remove(row.path, row.kind)) returnTo(next?.path, row.path);
  }

  const pasteHere =
    cut === undefined || moveTarget(cut, folderHere) === undefined
      ? undefined
      : () => {
          const to = moveTarget(cut, folderHere);
          setCut(undefined);
          if (to !== undefined) void actions.move(cut, to);
        };
  const commands: TreeCommands = {
    newFile: () => begin('file'),
    newFolder: () => begin('folder'),
    rename: () => focusedRow !== undefined && setEditing({ kind: 'rename', path: focusedRow.path }),
    cut: () => setCut(focusedRow?.path),
    paste: pasteHere,
    duplicate: () => focusedRow !== undefined && void actions.duplicate(focusedRow.path, tree.taken),
    copyPath: () => void navigator.clipboard?.writeText(focusedRow?.path ?? ''),
    remove: () => focusedRow !== undefined && void remove(focusedRow),
    collapseAll: tree.collapseAll,
  };

  function onKeyDown(event: KeyboardEvent, row: TreeRow, index: number) {
    const control = event.ctrlKey || event.metaKey;
    const walk = new Map<string, () => void>([
      ['ArrowDown', () => focusRow(index + 1)],
      ['ArrowUp', () => focusRow(index - 1)],
      ['Home', () => focusRow(0)],
      ['End', () => focusRow(rows.length - 1)],
      ['PageDown', () => focusRow(index + 15)],
      ['PageUp', () => focusRow(index - 15)],
      ['ArrowRight', () => openOrNext(row, index)],
      ['ArrowLeft', () => closeOrParent(row)],
      ['Enter', () => activate(row)],
      [' ', () => activate(row)],
      ['Escape', () => setCut(undefined)],
    ]);
    const change = new Map<string, () => void>([
      ['F2', commands.rename],
      ['Delete', commands.remove],
    ]);
    const withControl = new Map<string, () => void>([
      ['x', commands.cut],
      ['v', () => pasteHere?.()],
    ]);
    const run = control
      ? editable
        ? withControl.get(event.key)
        : undefined
      : (walk.get(event.key) ?? (editable ? change.get(event.key) : undefined));
    if (run !== undefined) {
      event.preventDefault();
      run();
    } else if (event.key.length === 1 && !control && !event.altKey) {
      const letter = event.key.toLowerCase();
      const order = [...rows.slice(index + 1), ...rows.slice(0, index + 1)];
      const next = order.find((other) => other.name.toLowerCase().startsWith(letter));
      if (next !== undefined) focusRow(rows.indexOf(next));
    }
  }

  const menu = { row: focusedRow, editable, commands };
  return (
    <section className="tree" aria-label={t('files')}>
      <header className="region-head">
        <h2>{t('project')}</h2>
        {editable && (
          <>
            <HeadButton label={t('newFile')} onClick={() => begin('file')}>
              <FilePlus size={16} />
            </HeadButton>
            <HeadButton label={t('newFolder')} onClick={() => begin('folder')}>
              <FolderPlus size={16} />
            </HeadButton>
          </>
        )}
        <TreeMoreMenu {...menu} />
      </header>
      {editing !== undefined && editing.kind !== 'rename' && (
        <NameInput
          initial=""
          depth={editing.folder === '' ? 0 : editing.folder.split('/').length}
          onDone={(name) => void finish(name)}
          onCancel={cancel}
        />
      )}
      <TreeContextMenu {...menu} className="tree-area">
        {/* biome-ignore lint/a11y/noStaticElementInteractions: dropping on the free area moves to the root; keys do the same */}
        <div
          ref={scroller}
          className="tree-scroll"
          onContextMenuCapture={(event) => {
            const row = (event.target as Element).closest<HTMLElement>('[data-path]');
            if (row?.dataset.path !== undefined) setCurrent(row.dataset.path);
          }}
          onDragOver={(event) => event.preventDefault()}
          onDrop={(event) => {
            const target = dropTarget(event, '');
            if (target !== undefined) void actions.move(target.from, target.to);
          }}
        >
          <div role="tree" aria-label={t('files')} style={{ height: drawn.heightPx, position: 'relative' }}>
            {drawn.indexes.map((index) => {
              const row = rows[index];
              if (row === undefined) return null;
              if (editing?.kind === 'rename' && editing.path === row.path) {
                return (
                  <div
                    key={row.path}
                    className="tree-slot"
                    style={{ transform: `translateY(${index * rowHeightPx}px)` }}
                  >
                    <NameInput
                      initial={row.name}
                      depth={row.depth}
                      onDone={(name) => void finish(name)}
                      onCancel={cancel}
                    />
                  </div>
                );
              }
              return (
                <TreeRowItem
                  key={row.path}
                  row={row}
                  offsetPx={index * rowHeightPx}
                  letter={letters.get(row.path)}
                  agents={agentsOf(proposals.files.get(row.path) ?? [])}
                  proposedInside={row.kind === 'folder' && proposals.folders.has(row.path)}
                  ignored={tree.ignored(row.path, row.kind)}
                  cut={cut === row.path}
                  selected={row.path === active}
                  focusable={row === focusedRow}
                  movable={editable}
                  onActivate={() => activate(row)}
                  onFocus={() => setCurrent(row.path)}
                  onKeyDown={(event) => onKeyDown(event, row, index)}
                  onMove={(from, to) => void actions.move(from, to)}
                />
              );
            })}
          </div>
        </div>
      </TreeContextMenu>
    </section>
  );
}

interface HeadButtonProps {
  readonly label: string;
  readonly onClick: () => void;
  readonly children: ReactNode;
}

function HeadButton({ label, onClick, children }: HeadButtonProps) {
  return (
    <button type="button" className="icon-button small" aria-label={label} title={label} onClick={onClick}>
      {children}
    </button>
  );
}
