import './run.css';
import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { Box, Play, Save, Square } from 'lucide-react';
import { type FormEvent, useEffect, useState } from 'react';
import { queryClient } from '../../app/query-client.ts';
import { useLanguage, useText } from '../../i18n/language.ts';
import { rpc } from '../../rpc/client.ts';
import type { Result } from '../../rpc/contracts.ts';
import { toast, toastFault } from '../../ui/toasts.tsx';
import { joinCommand, splitCommand } from './command-line.ts';
import { LimitsEditor } from './limits-editor.tsx';
import { RunOutcome } from './run-result.tsx';
import { RunSidebar } from './run-sidebar.tsx';
import { runTexts } from './texts.ts';
import { type RunInput, useRun } from './use-run.ts';

type Config = Result<'run.config.list'>['configs'][number];

export function RunView() {
  const { projectId } = useParams({ from: '/p/$projectId/run' });
  return <RunPage key={projectId} projectId={projectId} />;
}

function RunPage({ projectId }: { projectId: string }) {
  const t = useText(runTexts);
  const engines = useQuery({
    queryKey: ['engines'],
    queryFn: () => rpc.call('sandbox.engines', {}),
    staleTime: 60_000,
  }).data;
  const remembered = `cds.command.${projectId}`;
  const [line, setLine] = useState(() => localStorage.getItem(remembered) ?? '');
  const [config, setConfig] = useState<Config>();
  const [extra, setExtra] = useState<Partial<RunInput>>({});
  const { state, start, stop } = useRun(projectId);
  const running = state.status === 'running';
  useEffect(() => localStorage.setItem(remembered, line), [remembered, line]);

  function run(change: Partial<RunInput> = {}) {
    const [command, ...args] = splitCommand(line);
    if (command === undefined) return;
    const merged = { ...extra, ...change, limits: { ...extra.limits, ...change.limits } };
    setExtra(merged);
    const environment =
      config === undefined ? {} : { env: config.env, cwd: config.cwd, configId: config.configId };
    void start({ command, args, ...environment, ...merged });
  }

  async function save() {
    const [command, ...args] = splitCommand(line);
    if (command === undefined) return;
    try {
      const saved = await rpc.call('run.config.save', {
        projectId,
        name: config?.name ?? line.slice(0, 80),
        command,
        args,
        timeoutMs: extra.timeoutMs ?? null,
        limits: extra.limits ?? {},
        ...(config === undefined ? {} : { configId: config.configId, env: config.env, cwd: config.cwd }),
      });
      setConfig(saved);
      toast(t.saved);
    } catch (error) {
      toastFault(error);
    }
    await queryClient.invalidateQueries({ queryKey: ['run.configs', projectId] });
  }

  function choose(next: Config) {
    setConfig(next);
    setLine(joinCommand([next.command, ...next.args]));
    setExtra({ limits: next.limits, ...(next.timeoutMs === null ? {} : { timeoutMs: next.timeoutMs }) });
  }

  return (
    <div className="run">
      <RunSidebar projectId={projectId} current={config?.configId} onChoose={choose} />
      <div className="run-main">
        <header className="run-head">
          <div className="flex-1 min-w-0">
            <h1 className="clip">{config?.name ?? t.title}</h1>
            <p className="text-second">{t.lead}</p>
          </div>
          <button type="button" className="button" onClick={() => void save()} disabled={line.trim() === ''}>
            <Save size={14} /> {t.save}
          </button>
        </header>
        <EngineCards engines={engines?.engines ?? []} />
        <form
          className="run-form"
          onSubmit={(event: FormEvent) => {
            event.preventDefault();
            run();
          }}
        >
          <div className="field flex-1">
            <label htmlFor="run-command">{t.command}</label>
            <input
              id="run-command"
              className="input run-command"
              value={line}
              onChange={(event) => setLine(event.target.value)}
              placeholder="python3 main.py"
              spellCheck={false}
              autoComplete="off"
              aria-describedby="run-hint"
            />
            <span id="run-hint" className="hint">
              {t.commandHint}
            </span>
          </div>
          {running ? (
            <button type="button" className="button danger" onClick={() => void stop().catch(toastFault)}>
              <Square size={14} /> {t.stop}
            </button>
          ) : (
            <button type="submit" className="button primary" disabled={line.trim() === ''}>
              <Play size={14} /> {state.status === 'idle' ? t.run : t.again}
            </button>
          )}
        </form>
        {engines !== undefined && (
          <LimitsEditor defaults={engines.defaults} value={extra} onChange={setExtra} />
        )}
        <RunOutcome state={state} onMore={run} retry={() => run()} />
      </div>
    </div>
  );
}

/** Only engines that run programs and work here; a part that is not there is not shown. */
function EngineCards({ engines }: { engines: Result<'sandbox.engines'>['engines'] }) {
  const t = useText(runTexts);
  const language = useLanguage();
  const usable = engines.filter((engine) => engine.engine !== 'fs');
  return (
    <div role="radiogroup" aria-label={t.engine} className="engine-cards">
      {usable.map((engine) => (
        // biome-ignore lint/a11y/useSemanticElements: a card with several lines acts as a radio button
        <div
          key={engine.engine}
          role="radio"
          aria-checked={engine.available}
          aria-disabled={!engine.available}
          tabIndex={0}
          className="option-card engine-card"
        >
          <Box size={16} strokeWidth={1.75} className="text-muted" />
          <span>
            <strong>{engine.engine}</strong>{' '}
            <span className="text-muted">{t.engineNames[engine.engine]}</span>
            <span className="block text-second">{t.engineTexts[engine.engine]}</span>
            <span className="block text-muted">
              {engine.missing === null
                ? `${t.wall}: ${engine.isolation
                    .slice(1, 4)
                    .map((part) => part[language])
                    .join(', ')}`
                : `${engine.missing.reason[language]} ${engine.missing.command ?? ''}`}
            </span>
          </span>
        </div>
      ))}
    </div>
  );
}
