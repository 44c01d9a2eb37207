import './terminal.css';
import { useQuery } from '@tanstack/react-query';
import { Maximize2, Minimize2, Plus, SquareTerminal, X } from 'lucide-react';
import { type KeyboardEvent, lazy, Suspense, useCallback, useRef, useState } from 'react';
import { queryClient } from '../../app/query-client.ts';
import { useText } from '../../i18n/language.ts';
import { rpc } from '../../rpc/client.ts';
import { bottomBounds, changeLayout, useLayout } from '../../ui/layout.ts';
import { PanelError } from '../../ui/panel-boundary.tsx';
import { toastFault } from '../../ui/toasts.tsx';

const TerminalScreen = lazy(async () => ({
  default: (await import('./terminal-screen.tsx')).TerminalScreen,
}));

const usualHeightPx = 188;

/** A terminal that is shown: one that runs, or one that is being opened. */
type Shown =
  | { readonly kind: 'running'; readonly terminalId: string }
  | { readonly kind: 'new'; readonly key: number };

/** The bottom panel: shells in the project's sandbox. They run on while the page is away. */
export function TerminalPanel({ projectId }: { projectId: string }) {
  const t = useText('terminal');
  const layout = useLayout();
  const queryKey = ['terminals', projectId];
  const list = useQuery({ queryKey, queryFn: () => rpc.call('run.terminal.list', { projectId }) });
  const [shown, setShown] = useState<Shown>();
  const tabs = useRef<HTMLDivElement>(null);
  const running = (list.data?.terminals ?? []).filter((terminal) => terminal.running);
  const first = running[0];
  const current: Shown | undefined =
    shown ?? (first === undefined ? undefined : { kind: 'running', terminalId: first.terminalId });
  const currentId = current?.kind === 'running' ? current.terminalId : undefined;

  // biome-ignore lint/correctness/useExhaustiveDependencies: the key's only part that changes is the project
  const refresh = useCallback(() => queryClient.invalidateQueries({ queryKey }), [projectId]);
  const onAttached = useCallback((_terminalId: string) => void refresh(), [refresh]);
  const add = () => {
    changeLayout({ bottomOpen: true });
    setShown({ kind: 'new', key: Date.now() });
  };

  async function close(terminalId: string) {
    if (terminalId === currentId) setShown(undefined);
    await rpc.call('run.terminal.close', { terminalId }).catch(toastFault);
    await refresh();
  }

  function onKeyDown(event: KeyboardEvent, index: number) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const next = step === undefined ? undefined : running[(index + step + running.length) % running.length];
    if (event.key === 'Delete' && running[index] !== undefined) void close(running[index].terminalId);
    if (next === undefined) return;
    setShown({ kind: 'running', terminalId: next.terminalId });
    const buttons = tabs.current?.querySelectorAll<HTMLElement>('[role="tab"]');
    buttons?.[running.indexOf(next)]?.focus();
  }

  const tall = layout.bottomHeightPx >= bottomBounds.most;
  return (
    <section
      className="bottom-panel"
      data-open={layout.bottomOpen}
      style={{ ['--height' as string]: `${layout.bottomHeightPx}px` }}
      aria-label={t('terminal')}
      data-region="bottom"
    >
      <header className="bottom-head">
        {running.length === 0 ? (
          <h2>{t('terminal')}</h2>
        ) : (
          <div role="tablist" aria-label={t('terminals')} className="tab-strip" ref={tabs}>
            {running.map((terminal, index) => {
              const name = t('name', { number: index + 1 });
              const selected = terminal.terminalId === currentId;
              return (
                <span key={terminal.terminalId} role="presentation" className="bottom-tab">
                  <button
                    type="button"
                    role="tab"
                    aria-selected={selected}
                    aria-keyshortcuts="Delete"
                    tabIndex={selected || (currentId === undefined && index === 0) ? 0 : -1}
                    onClick={() => setShown({ kind: 'running', terminalId: terminal.terminalId })}
                    onKeyDown={(event) => onKeyDown(event, index)}
                  >
                    {name}
                  </button>
                  <button
                    type="button"
                    className="icon-button small"
                    // For the pointer only: a tab list may hold nothing but tabs, and Delete closes the focused one.
                    aria-hidden="true"
                    title={t('close', { name })}
                    tabIndex={-1}
                    onClick={() => void close(terminal.terminalId)}
                  >
                    <X size={12} />
                  </button>
                </span>
              );
            })}
          </div>
        )}
        <button
          type="button"
          className="icon-button small"
          aria-label={t('new')}
          title={t('new')}
          onClick={add}
        >
          <Plus size={14} />
        </button>
        <span className="grow" />
        <button
          type="button"
          className="icon-button small"
          aria-label={tall ? t('smaller') : t('larger')}
          title={tall ? t('smaller') : t('larger')}
          onClick={() =>
            changeLayout({ bottomOpen: true, bottomHeightPx: tall ? usualHeightPx : bottomBounds.most })
          }
        >
          {tall ? <Minimize2 size={14} /> : <Maximize2 size={14} />}
        </button>
        <button
          type="button"
          className="icon-button small"
          aria-label={layout.bottomOpen ? t('hide') : t('show')}
          title={`${layout.bottomOpen ? t('hide') : t('show')} (${t('controlKey')} J)`}
          aria-expanded={layout.bottomOpen}
          onClick={() => changeLayout({ bottomOpen: !layout.bottomOpen })}
        >
          {layout.bottomOpen ? <X size={14} /> : <SquareTerminal size={14} />}
        </button>
      </header>
      <div className="bottom-body">
        {list.error !== null && list.data === undefined ? (
          <PanelError error={list.error} retry={() => void list.refetch()} />
        ) : current === undefined ? (
          list.data !== undefined && (
            <div className="empty">
              <span>{t('none')}</span>
              <button type="button" className="button small" onClick={add}>
                <Plus size={14} /> {t('open')}
              </button>
            </div>
          )
        ) : (
          <Suspense fallback={null}>
            <TerminalScreen
              key={current.kind === 'new' ? current.key : current.terminalId}
              projectId={projectId}
              terminalId={currentId}
              onAttached={onAttached}
              onEnded={() => {
                setShown(undefined);
                void refresh();
              }}
            />
          </Suspense>
        )}
      </div>
    </section>
  );
}
