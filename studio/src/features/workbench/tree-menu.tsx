import { ContextMenu } from '@base-ui/react/context-menu';
import { Menu } from '@base-ui/react/menu';
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
import type { ReactElement, ReactNode } from 'react';
import { useText } from '../../i18n/language.ts';
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

function useItems({ row, editable, commands }: TreeMenuProps) {
  const t = useText('workbench');
  const icon = (Icon: typeof Copy) => <Icon size={14} />;
  type Item = readonly [label: string, icon: ReactElement, run: () => void, keys?: string] | 'line';
  const items: Item[] = [];
  if (editable) {
    items.push([t('newFile'), icon(FilePlus), commands.newFile]);
    items.push([t('newFolder'), icon(FolderPlus), commands.newFolder]);
  }
  if (editable && row !== undefined) {
    items.push('line', [t('rename'), icon(Pencil), commands.rename, 'F2']);
    items.push([t('cut'), icon(Scissors), commands.cut, `${t('controlKey')} X`]);
    if (commands.paste !== undefined) {
      items.push([t('paste'), icon(ClipboardPaste), commands.paste, `${t('controlKey')} V`]);
    }
    items.push([t('duplicate'), icon(CopyPlus), commands.duplicate]);
  }
  if (row !== undefined) items.push([t('copyPath'), icon(Copy), commands.copyPath]);
  items.push([t('collapseAll'), icon(ListCollapse), commands.collapseAll]);
  if (editable && row !== undefined) {
    items.push('line', [t('remove'), icon(Trash2), commands.remove, t('deleteKey')]);
  }
  return items;
}

/** The "…" of the tree's head: the same as the context menu, for the row that is current. */
export function TreeMoreMenu(props: TreeMenuProps) {
  const t = useText('workbench');
  const items = useItems(props);
  const label = props.row === undefined ? t('treeActions') : t('more', { path: props.row.path });
  return (
    <Menu.Root>
      <Menu.Trigger className="icon-button small" aria-label={label} title={t('treeActions')}>
        <MoreHorizontal size={16} />
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Positioner sideOffset={4} align="end" className="menu-layer">
          <Menu.Popup className="menu">
            {items.map((item, index) =>
              item === 'line' ? (
                // biome-ignore lint/suspicious/noArrayIndexKey: the list is fixed while the menu is open
                <div key={index} className="menu-line" />
              ) : (
                <Menu.Item key={item[0]} className="menu-item" onClick={item[2]}>
                  {item[1]} {item[0]}
                  {item[3] !== undefined && <kbd className="kbd">{item[3]}</kbd>}
                </Menu.Item>
              ),
            )}
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  );
}

/** Right click, long press or the menu key on a row. */
export function TreeContextMenu(
  props: TreeMenuProps & { readonly children: ReactNode; readonly className: string },
) {
  const items = useItems(props);
  return (
    <ContextMenu.Root>
      <ContextMenu.Trigger className={props.className}>{props.children}</ContextMenu.Trigger>
      <ContextMenu.Portal>
        <ContextMenu.Positioner className="menu-layer">
          <ContextMenu.Popup className="menu">
            {items.map((item, index) =>
              item === 'line' ? (
                // biome-ignore lint/suspicious/noArrayIndexKey: the list is fixed while the menu is open
                <div key={index} className="menu-line" />
              ) : (
                <ContextMenu.Item key={item[0]} className="menu-item" onClick={item[2]}>
                  {item[1]} {item[0]}
                  {item[3] !== undefined && <kbd className="kbd">{item[3]}</kbd>}
                </ContextMenu.Item>
              ),
            )}
          </ContextMenu.Popup>
        </ContextMenu.Positioner>
      </ContextMenu.Portal>
    </ContextMenu.Root>
  );
}
