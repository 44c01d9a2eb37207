import { ChevronDown, ChevronRight, Folder, FolderOpen } from 'lucide-react';
import { type DragEvent, type KeyboardEvent, useState } from 'react';
import { useText } from '../../i18n/language.ts';
import type { AgentName } from '../agents/agent-names.ts';
import { AgentSign } from './agent-sign.tsx';
import { FileIcon } from './file-icon.tsx';
import type { GitLetter } from './git-letters.ts';
import { moveTarget, parentOf, type TreeRow } from './tree-model.ts';

const dragType = 'application/x-cds-path';

interface RowProps {
  readonly row: TreeRow;
  readonly offsetPx: number;
  readonly letter: GitLetter | undefined;
  /** Agents that propose to change the file. */
  readonly agents: readonly AgentName[];
  /** Of a folder: agents propose to change something in it. */
  readonly proposedInside: boolean;
  readonly ignored: boolean;
  readonly cut: boolean;
  readonly selected: boolean;
  readonly focusable: boolean;
  readonly movable: boolean;
  readonly onActivate: () => void;
  readonly onFocus: () => void;
  readonly onKeyDown: (event: KeyboardEvent) => void;
  readonly onMove: (from: string, to: string) => void;
}

/** Reads what is dragged, and where it would land; undefined when nothing can land there. */
export function dropTarget(event: DragEvent, folder: string): { from: string; to: string } | undefined {
  const from = event.dataTransfer.getData(dragType);
  const to = moveTarget(from, folder);
  return to === undefined ? undefined : { from, to };
}

export function TreeRowItem(props: RowProps) {
  const t = useText('workbench');
  const words = useText('agents');
  const { row, letter } = props;
  const [over, setOver] = useState(false);
  const folder = row.kind === 'folder' ? row.path : parentOf(row.path);
  const classes = ['tree-slot', 'tree-row'];
  if (props.ignored) classes.push('ignored');
  if (props.cut) classes.push('cut');
  if (over) classes.push('over');
  if (letter !== undefined) classes.push('changed');
  return (
    <div
      role="treeitem"
      aria-level={row.depth + 1}
      aria-posinset={row.place}
      aria-setsize={row.siblings}
      aria-selected={props.selected}
      {...(row.kind === 'folder' ? { 'aria-expanded': row.open } : {})}
      tabIndex={props.focusable ? 0 : -1}
      data-path={row.path}
      className={classes.join(' ')}
      style={{ transform: `translateY(${props.offsetPx}px)`, paddingInlineStart: 6 + row.depth * 14 }}
      draggable={props.movable}
      onDragStart={(event) => event.dataTransfer.setData(dragType, row.path)}
      onDragOver={(event) => {
        if (!event.dataTransfer.types.includes(dragType)) return;
        event.preventDefault();
        event.stopPropagation();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        event.stopPropagation();
        setOver(false);
        const target = dropTarget(event, folder);
        if (target !== undefined) props.onMove(target.from, target.to);
      }}
      onClick={props.onActivate}
      onFocus={props.onFocus}
      onKeyDown={props.onKeyDown}
    >
      {row.kind === 'folder' ? (
        <>
          {row.open ? <ChevronDown size={14} /> : <ChevronRight size={14} />}
          {row.open ? <FolderOpen size={14} /> : <Folder size={14} />}
        </>
      ) : (
        <>
          <span className="tree-indent" />
          <FileIcon name={row.name} />
        </>
      )}
      <span className="clip grow">{row.name}</span>
      {props.agents.map((agent) => (
        <AgentSign key={agent} agent={agent} />
      ))}
      {props.proposedInside && (
        <span className="tree-inside" title={words('proposedInside')}>
          <span className="visually-hidden">, {words('proposedInside')}</span>
        </span>
      )}
      {letter !== undefined && (
        <span className={`git-letter git-${letter}`}>
          <span aria-hidden="true">{letter}</span>
          <span className="visually-hidden">
            {letter}, {t(`git.${letter}`)}
          </span>
        </span>
      )}
    </div>
  );
}
