import './terminal.css';
import { useQuery } from '@tanstack/react-query';
import { ChevronDown, ChevronUp, Plus, X } from 'lucide-react';
import { lazy, Suspense, useCallback, useEffect, useState } from 'react';
import { queryClient } from '../../app/query-client.ts';
import { useText } from '../../i18n/language.ts';
import { rpc } from '../../rpc/client.ts';
import { toastFault } from '../../ui/toasts.tsx';
import { terminalTexts } from './texts.ts';

const TerminalScreen = lazy(async () => ({
  default: (await import('./terminal-screen.tsx')).TerminalScreen,
}));

/** The bottom panel: shells in the project's sandbox. They run on while the page is away. */
export function TerminalPanel({ projectId }: { projectId: string }) {
  const t = useText(terminalTexts);
  const [shown, setShown] = useState(true);
  const [chosen, setChosen] = useState<string>();
  const [fresh, setFresh] = useState(0);
  const key = ['terminals', projectId];
  const list = useQuery({ queryKey: key, queryFn: () => rpc.call('run.terminal.list', { projectId }) }).data
    ?.terminals;
  const running = list?.filter((terminal) => terminal.running) ?? [];
  const current = running.find((terminal) => terminal.terminalId === chosen) ?? running[0];
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key's parts are the project
  const refresh = useCallback(() => queryClient.invalidateQueries({ queryKey: key }), [projectId]);
  const onAttached = useCallback(
    (terminalId: string) => {
      setChosen(terminalId);
      setFresh(0);
      void refresh();
    },
    [refresh],
  );
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== 'j') return;
      event.preventDefault();
      setShown((before) => !before);
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);

  async function close(terminalId: string) {
    await rpc.call('run.terminal.close', { terminalId }).catch(toastFault);
    await refresh();
  }

  return (
    <section className="bottom-panel" data-shown={shown} aria-label={t.terminal}>
      <header className="bottom-head">
        <ul aria-label={t.terminal} className="bottom-tabs">
          {running.map((terminal, index) => {
            const name = t.name(index + 1);
            return (
              <li
                key={terminal.terminalId}
                className="bottom-tab"
                data-active={terminal === current && fresh === 0}
              >
                <button
                  type="button"
                  aria-current={terminal === current && fresh === 0}
                  onClick={() => setChosen(terminal.terminalId)}
                >
                  {name}
                </button>
                <button
                  type="button"
                  className="icon-button small"
                  aria-label={t.close(name)}
                  onClick={() => void close(terminal.terminalId)}
                >
                  <X size={12} />
                </button>
              </li>
            );
          })}
        </ul>
        {running.length === 0 && <h2>{t.terminal}</h2>}
        <button
          type="button"
          className="icon-button small"
          aria-label={t.add}
          title={t.add}
          onClick={() => setFresh((count) => count + 1)}
        >
          <Plus size={14} />
        </button>
        <span className="flex-1" />
        <button
          type="button"
          className="icon-button small"
          aria-label={shown ? t.hide : t.show}
          title="Ctrl J"
          onClick={() => setShown(!shown)}
        >
          {shown ? <ChevronDown size={14} /> : <ChevronUp size={14} />}
        </button>
      </header>
      {shown && (
        <div className="bottom-body">
          <Suspense fallback={null}>
            {fresh > 0 ? (
              <TerminalScreen
                key={`fresh-${fresh}`}
                projectId={projectId}
                terminalId={undefined}
                onAttached={onAttached}
                onEnded={() => void refresh()}
              />
            ) : current !== undefined ? (
              <TerminalScreen
                key={current.terminalId}
                projectId={projectId}
                terminalId={current.terminalId}
                onAttached={setChosen}
                onEnded={() => void refresh()}
              />
            ) : (
              <p className="text-muted bottom-empty">
                {t.none}{' '}
                <button type="button" className="button small" onClick={() => setFresh(1)}>
                  <Plus size={14} /> {t.add}
                </button>
              </p>
            )}
          </Suspense>
        </div>
      )}
    </section>
  );
}
