import { Menu } from '@base-ui/react/menu';
import { MoreHorizontal, Pencil, Trash2 } from 'lucide-react';
import { useEffect, useRef } from 'react';
import { useText } from '../../i18n/language.ts';
import { workbenchTexts } from './texts.ts';

/** What the tree can do to files; each tells its own failure. */
export interface FileActions {
  create(path: string, kind: 'file' | 'folder'): Promise<void>;
  move(from: string, to: string): Promise<void>;
  remove(path: string, kind: 'file' | 'folder'): Promise<void>;
}

/** A name that is typed into the tree: Enter takes it, Escape and leaving drop it. */
export function NameInput(props: {
  prefix: string;
  initial: string;
  onDone: (name: string) => void;
  onCancel: () => void;
}) {
  const t = useText(workbenchTexts);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    field.current?.focus();
    const dot = props.initial.lastIndexOf('.');
    field.current?.setSelectionRange(0, dot > 0 ? dot : props.initial.length);
  }, [props.initial]);
  return (
    <div className="tree-name">
      {props.prefix !== '' && <span className="text-muted clip">{props.prefix}/</span>}
      <input
        ref={field}
        className="input"
        aria-label={t.nameOf}
        defaultValue={props.initial}
        onBlur={props.onCancel}
        onKeyDown={(event) => {
          if (event.key === 'Escape') props.onCancel();
          if (event.key !== 'Enter') return;
          const name = event.currentTarget.value.trim();
          if (name === '' || name === props.initial) props.onCancel();
          else props.onDone(name);
        }}
      />
    </div>
  );
}

export function TreeMenu(props: { path: string; onRename: () => void; onRemove: () => void }) {
  const t = useText(workbenchTexts);
  return (
    <Menu.Root>
      <Menu.Trigger
        className="icon-button small tree-more"
        aria-label={t.more(props.path)}
        tabIndex={-1}
        onClick={(event) => event.stopPropagation()}
      >
        <MoreHorizontal size={14} />
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Positioner sideOffset={2} align="end" style={{ zIndex: 30 }}>
          <Menu.Popup className="menu">
            <Menu.Item className="menu-item" onClick={props.onRename}>
              <Pencil size={14} /> {t.rename} <span className="keys">F2</span>
            </Menu.Item>
            <Menu.Item className="menu-item" onClick={props.onRemove}>
              <Trash2 size={14} /> {t.remove} <span className="keys">Del</span>
            </Menu.Item>
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  );
}
