import { useVirtualizer } from '@tanstack/react-virtual';
import { ChevronDown, ChevronRight, FilePlus, FileText, Folder, FolderOpen, FolderPlus } from 'lucide-react';
import { type KeyboardEvent, useMemo, useRef, useState } from 'react';
import { useText } from '../../i18n/language.ts';
import { workbenchTexts } from './texts.ts';
import { type FileActions, NameInput, TreeMenu } from './tree-actions.tsx';
import { ancestorsOf, parentOf, type TreeRow, treeRows } from './tree-model.ts';

interface FileTreeProps {
  readonly files: readonly string[];
  readonly folders: readonly string[];
  readonly gitLetters: ReadonlyMap<string, string>;
  readonly active: string | undefined;
  readonly editable: boolean;
  readonly actions: FileActions;
  readonly onOpen: (path: string) => void;
}

const rowHeight = 24;

/** The project's files: arrow keys walk, Enter opens, F2 renames, Delete deletes, dragging moves. */
export function FileTree(props: FileTreeProps) {
  const t = useText(workbenchTexts);
  const { files, folders, active } = props;
  const [open, setOpen] = useState<ReadonlySet<string>>(
    () => new Set(active === undefined ? ['src'] : ancestorsOf(active)),
  );
  const [current, setCurrent] = useState<string>();
  const [editing, setEditing] = useState<{ kind: 'file' | 'folder' | 'rename'; at: string }>();
  const scroller = useRef<HTMLDivElement>(null);
  const rows = useMemo(() => treeRows({ files, folders, open }), [files, folders, open]);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 12,
  });
  const focused = current ?? active ?? rows[0]?.path;

  function toggle(path: string, wanted?: boolean) {
    const next = new Set(open);
    if (wanted ?? !next.has(path)) next.add(path);
    else next.delete(path);
    setOpen(next);
  }

  function activate(row: TreeRow) {
    setCurrent(row.path);
    if (row.kind === 'folder') toggle(row.path);
    else props.onOpen(row.path);
  }

  function focusRow(index: number) {
    const row = rows[index];
    if (row === undefined) return;
    setCurrent(row.path);
    virtual.scrollToIndex(index);
    requestAnimationFrame(() => scroller.current?.querySelector<HTMLElement>('[tabindex="0"]')?.focus());
  }

  function onKeyDown(event: KeyboardEvent, row: TreeRow, index: number) {
    const act = (run: () => void) => {
      event.preventDefault();
      run();
    };
    switch (event.key) {
      case 'ArrowDown':
        return act(() => focusRow(index + 1));
      case 'ArrowUp':
        return act(() => focusRow(index - 1));
      case 'ArrowRight':
        return act(() => (row.kind === 'folder' && !row.open ? toggle(row.path, true) : focusRow(index + 1)));
      case 'ArrowLeft':
        return act(() =>
          row.open
            ? toggle(row.path, false)
            : focusRow(rows.findIndex((other) => other.path === parentOf(row.path))),
        );
      case 'Enter':
      case ' ':
        return act(() => activate(row));
      case 'F2':
        return act(() => props.editable && setEditing({ kind: 'rename', at: row.path }));
      case 'Delete':
        return act(() => props.editable && props.actions.remove(row.path, row.kind));
    }
  }

  const targetFolder = () => {
    const row = rows.find((candidate) => candidate.path === focused);
    return row === undefined ? '' : row.kind === 'folder' ? row.path : parentOf(row.path);
  };
  const begin = (kind: 'file' | 'folder') => {
    const at = targetFolder();
    if (at !== '') toggle(at, true);
    setEditing({ kind, at });
  };
  async function finish(name: string) {
    if (editing === undefined) return;
    setEditing(undefined);
    if (editing.kind === 'rename') {
      const parent = parentOf(editing.at);
      await props.actions.move(editing.at, parent === '' ? name : `${parent}/${name}`);
    } else await props.actions.create(editing.at === '' ? name : `${editing.at}/${name}`, editing.kind);
  }

  return (
    <section className="tree" aria-label={t.sidebar}>
      <header className="sidebar-head">
        <h2>{t.project}</h2>
        <span className="flex-1" />
        {props.editable && (
          <>
            <button
              type="button"
              className="icon-button small"
              aria-label={t.newFile}
              title={t.newFile}
              onClick={() => begin('file')}
            >
              <FilePlus size={16} strokeWidth={1.75} />
            </button>
            <button
              type="button"
              className="icon-button small"
              aria-label={t.newFolder}
              title={t.newFolder}
              onClick={() => begin('folder')}
            >
              <FolderPlus size={16} strokeWidth={1.75} />
            </button>
          </>
        )}
      </header>
      {editing !== undefined && editing.kind !== 'rename' && (
        <NameInput
          prefix={editing.at}
          initial=""
          onDone={(name) => void finish(name)}
          onCancel={() => setEditing(undefined)}
        />
      )}
      <div ref={scroller} className="tree-scroll">
        <div
          role="tree"
          aria-label={t.files}
          style={{ height: virtual.getTotalSize(), position: 'relative' }}
        >
          {virtual.getVirtualItems().map((item) => {
            const row = rows[item.index];
            if (row === undefined) return null;
            if (editing?.kind === 'rename' && editing.at === row.path) {
              return (
                <div
                  key={row.path}
                  className="tree-slot"
                  style={{ transform: `translateY(${item.start}px)` }}
                >
                  <NameInput
                    prefix=""
                    initial={row.name}
                    onDone={(name) => void finish(name)}
                    onCancel={() => setEditing(undefined)}
                  />
                </div>
              );
            }
            const letter = props.gitLetters.get(row.path);
            return (
              <div
                key={row.path}
                role="treeitem"
                aria-level={row.depth + 1}
                aria-selected={row.path === active}
                {...(row.kind === 'folder' ? { 'aria-expanded': row.open } : {})}
                tabIndex={row.path === focused ? 0 : -1}
                className="tree-slot tree-row"
                style={{ transform: `translateY(${item.start}px)`, paddingInlineStart: 8 + row.depth * 14 }}
                draggable={props.editable}
                onDragStart={(event) => event.dataTransfer.setData('application/x-cds-path', row.path)}
                onDragOver={(event) => event.preventDefault()}
                onDrop={(event) => {
                  event.preventDefault();
                  const from = event.dataTransfer.getData('application/x-cds-path');
                  const folder = row.kind === 'folder' ? row.path : parentOf(row.path);
                  const name = from.slice(from.lastIndexOf('/') + 1);
                  const to = folder === '' ? name : `${folder}/${name}`;
                  if (from !== '' && to !== from && !folder.startsWith(`${from}/`) && folder !== from)
                    void props.actions.move(from, to);
                }}
                onClick={() => activate(row)}
                onKeyDown={(event) => onKeyDown(event, row, item.index)}
              >
                {row.kind === 'folder' ? (
                  row.open ? (
                    <ChevronDown size={14} />
                  ) : (
                    <ChevronRight size={14} />
                  )
                ) : (
                  <span className="w-[14px]" />
                )}
                {row.kind === 'folder' ? (
                  row.open ? (
                    <FolderOpen size={14} />
                  ) : (
                    <Folder size={14} />
                  )
                ) : (
                  <FileText size={14} />
                )}
                <span className="clip flex-1">{row.name}</span>
                {letter !== undefined && <span className={`git-letter git-${letter}`}>{letter}</span>}
                {props.editable && (
                  <TreeMenu
                    path={row.path}
                    onRename={() => setEditing({ kind: 'rename', at: row.path })}
                    onRemove={() => void props.actions.remove(row.path, row.kind)}
                  />
                )}
              </div>
            );
          })}
        </div>
      </div>
    </section>
  );
}
