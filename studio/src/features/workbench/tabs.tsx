import { X } from 'lucide-react';
import { useText } from '../../i18n/language.ts';
import { workbenchTexts } from './texts.ts';
import type { Documents } from './use-documents.ts';

/** Open files: arrows move, middle click closes, a dot stands for what is not saved yet. */
export function Tabs({ documents }: { documents: Documents }) {
  const t = useText(workbenchTexts);
  const { tabs, active } = documents;
  return (
    <ul className="tabs" aria-label={t.tabs}>
      {tabs.map((path, index) => {
        const unsaved = documents.isUnsaved(path);
        const name = path.slice(path.lastIndexOf('/') + 1);
        return (
          <li key={path} className="tab" data-active={path === active}>
            <button
              type="button"
              aria-current={path === active}
              tabIndex={path === active ? 0 : -1}
              title={path}
              className="tab-name"
              onClick={() => documents.open(path)}
              onAuxClick={(event) => event.button === 1 && documents.close(path)}
              onKeyDown={(event) => {
                const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
                const next = tabs[index + step];
                if (step !== 0 && next !== undefined) documents.open(next);
              }}
            >
              {name}
              {unsaved && <span className="visually-hidden">, {t.unsaved}</span>}
            </button>
            <button
              type="button"
              className="icon-button small"
              aria-label={t.close(path)}
              onClick={() => documents.close(path)}
            >
              {unsaved ? <span className="unsaved-dot" /> : <X size={14} />}
            </button>
          </li>
        );
      })}
    </ul>
  );
}
