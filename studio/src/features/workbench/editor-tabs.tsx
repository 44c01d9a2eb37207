import { X } from 'lucide-react';
import { type KeyboardEvent, useRef } from 'react';
import { useText } from '../../i18n/language.ts';
import { AgentSign } from './agent-sign.tsx';
import type { DocumentStore } from './document-store.ts';
import { FileIcon } from './file-icon.tsx';
import { agentsOf, type Proposals } from './proposals.ts';
import { nameOf, parentOf } from './tree-model.ts';

interface TabsProps {
  readonly documents: DocumentStore;
  readonly proposals: Proposals;
  readonly onOpen: (path: string) => void;
  readonly onClose: (path: string) => void;
}

/** Names that two tabs share are told apart by their folder. */
function labelOf(path: string, tabs: readonly string[]): { name: string; folder: string } {
  const name = nameOf(path);
  const twins = tabs.filter((tab) => nameOf(tab) === name).length > 1;
  return { name, folder: twins ? parentOf(path) : '' };
}

/** Open files: arrows move, middle click and Delete close, a dot stands for what is not saved yet. */
export function EditorTabs({ documents, proposals, onOpen, onClose }: TabsProps) {
  const t = useText('workbench');
  const strip = useRef<HTMLDivElement>(null);
  const { tabs, active } = documents;

  function onKeyDown(event: KeyboardEvent, path: string) {
    const index = tabs.indexOf(path);
    const target = {
      ArrowRight: tabs[(index + 1) % tabs.length],
      ArrowLeft: tabs[(index - 1 + tabs.length) % tabs.length],
      Home: tabs[0],
      End: tabs[tabs.length - 1],
    }[event.key];
    if (event.key === 'Delete') onClose(path);
    else if (target !== undefined) {
      onOpen(target);
      const buttons = strip.current?.querySelectorAll<HTMLElement>('[role="tab"]');
      buttons?.[tabs.indexOf(target)]?.focus();
    } else return;
    event.preventDefault();
  }

  if (tabs.length === 0) return <div className="editor-tabs" />;
  return (
    <div className="editor-tabs" ref={strip}>
      <div role="tablist" aria-label={t('tabs')} className="editor-tablist">
        {tabs.map((path) => {
          const content = documents.content(path);
          const unsaved = content.kind === 'text' && content.document.unsaved;
          const { name, folder } = labelOf(path, tabs);
          return (
            <div key={path} role="presentation" className="editor-tab" data-active={path === active}>
              <button
                type="button"
                role="tab"
                aria-selected={path === active}
                aria-keyshortcuts="Delete"
                tabIndex={path === active ? 0 : -1}
                title={path}
                onClick={() => onOpen(path)}
                onAuxClick={(event) => event.button === 1 && onClose(path)}
                onMouseDown={(event) => event.button === 1 && event.preventDefault()}
                onKeyDown={(event) => onKeyDown(event, path)}
              >
                <FileIcon name={name} />
                {name}
                {folder !== '' && <span className="text-muted">{folder}</span>}
                {agentsOf(proposals.files.get(path) ?? []).map((agent) => (
                  <AgentSign key={agent} agent={agent} />
                ))}
                {unsaved && <span className="visually-hidden">, {t('notSaved')}</span>}
              </button>
              <button
                type="button"
                className="icon-button small"
                // For the pointer only: a tab list may hold nothing but tabs, and Delete closes the focused one.
                aria-hidden="true"
                title={t('close', { path })}
                tabIndex={-1}
                data-unsaved={unsaved}
                onClick={() => onClose(path)}
              >
                <span className="unsaved-dot" />
                <X size={14} />
              </button>
            </div>
          );
        })}
      </div>
    </div>
  );
}
