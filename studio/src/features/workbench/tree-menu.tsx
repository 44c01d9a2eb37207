import {
  ClipboardPaste,
  Copy,
  CopyPlus,
  FilePlus,
  FolderPlus,
  ListCollapse,
  MoreHorizontal,
  Pencil,
  Scissors,
  Trash2,
} from 'lucide-react';
import type { ReactNode } from 'react';
import { useText } from '../../i18n/language.ts';
import { ContextMenuArea, MenuButton } from '../../ui/menu.tsx';
import type { MenuEntry } from '../../ui/menu-popup.tsx';
import type { TreeRow } from './tree-model.ts';

/** What can be done at a place in the tree. */
export interface TreeCommands {
  newFile(): void;
  newFolder(): void;
  rename(): void;
  cut(): void;
  paste: (() => void) | undefined;
  duplicate(): void;
  copyPath(): void;
  remove(): void;
  collapseAll(): void;
}

interface TreeMenuProps {
  readonly row: TreeRow | undefined;
  readonly editable: boolean;
  readonly commands: TreeCommands;
}

function useEntries({ row, editable, commands }: TreeMenuProps): () => MenuEntry[] {
  const t = useText('workbench');
  const entry = (label: string, Icon: typeof Copy, run: () => void, keys?: string): MenuEntry => ({
    label,
    icon: <Icon size={14} />,
    run,
    keys,
  });
  return () => {
    const entries: MenuEntry[] = [];
    if (editable) {
      entries.push(entry(t('newFile'), FilePlus, commands.newFile));
      entries.push(entry(t('newFolder'), FolderPlus, commands.newFolder));
    }
    if (editable && row !== undefined) {
      entries.push('line', entry(t('rename'), Pencil, commands.rename, 'F2'));
      entries.push(entry(t('cut'), Scissors, commands.cut, `${t('controlKey')} X`));
      if (commands.paste !== undefined) {
        entries.push(entry(t('paste'), ClipboardPaste, commands.paste, `${t('controlKey')} V`));
      }
      entries.push(entry(t('duplicate'), CopyPlus, commands.duplicate));
    }
    if (row !== undefined) entries.push(entry(t('copyPath'), Copy, commands.copyPath));
    entries.push(entry(t('collapseAll'), ListCollapse, commands.collapseAll));
    if (editable && row !== undefined) {
      entries.push('line', entry(t('remove'), Trash2, commands.remove, t('deleteKey')));
    }
    return entries;
  };
}

/** The "…" of the tree's head: the same as the context menu, for the row that is current. */
export function TreeMoreMenu(props: TreeMenuProps) {
  const t = useText('workbench');
  const label = props.row === undefined ? t('treeActions') : t('more', { path: props.row.path });
  return (
    <MenuButton
      className="icon-button small"
      label={label}
      title={t('treeActions')}
      align="end"
      entries={useEntries(props)}
    >
      <MoreHorizontal size={16} />
    </MenuButton>
  );
}

/** Right click, long press or the menu key on a row. */
export function TreeContextMenu(
  props: TreeMenuProps & { readonly children: ReactNode; readonly className: string },
) {
  const t = useText('workbench');
  return (
    <ContextMenuArea className={props.className} label={t('treeActions')} entries={useEntries(props)}>
      {props.children}
    </ContextMenuArea>
  );
}
