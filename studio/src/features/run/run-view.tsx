import './run.css';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useParams } from '@tanstack/react-router';
import { Play, Save } from 'lucide-react';
import { useEffect, useMemo, useState } from 'react';
import { enginesQuery, projectQuery, templatesQuery } from '../../app/queries.ts';
import { queryClient } from '../../app/query-client.ts';
import { text, useText } from '../../i18n/language.ts';
import { rpc } from '../../rpc/client.ts';
import { readStored, writeStored } from '../../ui/local-storage.ts';
import { PanelError } from '../../ui/panel-boundary.tsx';
import { SkeletonLines } from '../../ui/skeleton.tsx';
import { toast, toastFault } from '../../ui/toasts.tsx';
import { prepareTask } from '../agents/draft.ts';
import { networkKey } from '../projects/network-policy.tsx';
import { AgentGuide } from './agent-guide.tsx';
import { CommandForm } from './command-form.tsx';
import { joinCommand } from './command-line.ts';
import { EngineCards, NoEngine } from './engine-cards.tsx';
import { LimitsEditor, type LimitsInput } from './limits-editor.tsx';
import { MachineList } from './machine-list.tsx';
import { takeRequestedRun } from './pending-run.ts';
import { programOf } from './program-line.ts';
import { type Draft, draftOf, emptyDraft, savedDraft } from './run-draft.ts';
import { RunOutcome } from './run-outcome.tsx';
import { configsKey, type PastRun, RunSidebar } from './run-sidebar.tsx';
import { limitsOf, runnerOf, useRun } from './use-run.ts';

export function RunView() {
  const { projectId } = useParams({ from: '/shell/p/$projectId/run' });
  return <RunPage key={projectId} projectId={projectId} />;
}

/** A command that fits the files, for a project that has not run anything yet. */
function useSuggestedLine(projectId: string): string {
  const files = useQuery(projectQuery(projectId)).data?.files;
  const templates = useQuery(templatesQuery).data?.templates;
  return useMemo(() => {
    const paths = new Set(files?.map((file) => file.path));
    const fitting = templates?.find(({ run, openFile }) => run !== null && paths.has(openFile));
    return fitting?.run ? joinCommand([fitting.run.command, ...fitting.run.args]) : '';
  }, [files, templates]);
}

function RunPage({ projectId }: { projectId: string }) {
  const t = useText('run');
  const navigate = useNavigate();
  const engines = useQuery(enginesQuery);
  const project = useQuery(projectQuery(projectId)).data;
  const policy = useQuery({
    queryKey: networkKey(projectId),
    queryFn: () => rpc.call('sandbox.network.get', { projectId }),
  }).data;
  const hosts = policy?.mode === 'allowList' ? policy.hosts.length : 0;
  const remembered = `cds.command.${projectId}`;
  const [draft, setDraft] = useState<Draft>(() => ({
    ...emptyDraft,
    line: readStored<string>(remembered) ?? '',
  }));
  const suggested = useSuggestedLine(projectId);
  const line = draft.line === '' && draft.engine === 'run' ? suggested : draft.line;
  const runner = useMemo(() => runnerOf(projectId), [projectId]);
  const state = useRun(runner);
  const running = state.status === 'running' || state.status === 'starting';
  const reaches = draft.engine === 'run' || (draft.engine === 'micro' && draft.network);
  const editable = project !== undefined && project.project.role !== 'viewer';

  useEffect(() => {
    writeStored(remembered, draft.line);
  }, [remembered, draft.line]);

  useEffect(() => {
    const requested = takeRequestedRun(projectId);
    if (requested === undefined) return;
    const { command, args } = requested;
    setDraft({ ...emptyDraft, line: joinCommand([command, ...args]) });
    void runner.start({ engine: 'run', program: { kind: 'command', command, args: [...args] } });
  }, [projectId, runner]);

  function run(limits: LimitsInput = draft.limits) {
    const { config, engine, files, keepInput } = draft;
    const network = hosts > 0 && draft.network;
    const program = programOf(engine, line);
    if (program === undefined || running) return;
    setDraft({ ...draft, line, limits });
    const saved =
      config === undefined ? {} : { saved: { env: config.env, cwd: config.cwd, configId: config.configId } };
    const granted = engine === 'run' ? {} : { files, network };
    void runner.start({ engine, program, keepInput, ...granted, ...saved, ...limits });
  }

  async function save() {
    const asked = savedDraft(projectId, { ...draft, line });
    if (asked === undefined) return;
    try {
      const saved = await rpc.call('run.config.save', asked);
      setDraft({ ...draft, config: saved });
      toast({ title: t('saved', { name: saved.name }) });
    } catch (error) {
      toastFault(error);
    }
    await queryClient.invalidateQueries({ queryKey: configsKey(projectId) });
  }

  function choosePast(run: PastRun) {
    const { config: _config, ...rest } = draft;
    setDraft({ ...rest, line: joinCommand([run.command, ...run.args]), limits: {}, engine: run.engine });
  }

  if (engines.data === undefined) {
    if (engines.error === null) return <SkeletonLines />;
    return <PanelError error={engines.error} retry={() => void engines.refetch()} />;
  }
  const own = engines.data.engines.find(({ engine }) => engine === draft.engine)?.limits;
  const defaults = limitsOf(own?.defaults ?? engines.data.defaults);
  const maxima = limitsOf(own?.maxima ?? engines.data.maxima);
  const works = engines.data.engines.some(
    ({ engine, available }) => available && (engine === 'run' || engine === draft.engine),
  );
  return (
    <div className="page">
      <RunSidebar
        projectId={projectId}
        editable={editable}
        current={draft.config?.configId}
        onChoose={(config) => setDraft(draftOf(config))}
        onNew={() => setDraft(emptyDraft)}
        onPast={choosePast}
      />
      <div className="page-content" data-region="content">
        <div className="page-head">
          <div className="grow">
            <h1 className="clip">{draft.config?.name ?? t('title')}</h1>
            <p>{t('lead')}</p>
          </div>
          {editable && (
            <button
              type="button"
              className="button"
              onClick={() => void save()}
              disabled={line.trim() === ''}
            >
              <Save size={14} /> {t('save')}
            </button>
          )}
        </div>
        {works ? (
          <EngineCards
            engines={engines.data.engines}
            chosen={draft.engine}
            onChoose={(engine) => {
              const { config: _config, ...rest } = draft;
              setDraft({ ...rest, engine, limits: {}, line: '' });
            }}
          />
        ) : (
          <NoEngine engines={engines.data.engines} />
        )}
        {works && editable && (
          <>
            <CommandForm
              line={line}
              engine={draft.engine}
              files={draft.files}
              onFiles={(files) => setDraft({ ...draft, files })}
              keepInput={draft.keepInput}
              onKeepInput={(keepInput) => setDraft({ ...draft, keepInput })}
              network={draft.engine === 'micro' && hosts > 0 ? draft.network : undefined}
              onNetwork={(network) => setDraft({ ...draft, network })}
              running={running}
              again={state.status !== 'idle'}
              onLine={(next) => setDraft({ ...draft, line: next })}
              onRun={() => run()}
              onStop={() => void runner.stop().catch(toastFault)}
            />
            <LimitsEditor
              defaults={defaults}
              maxima={maxima}
              value={draft.limits}
              hosts={reaches ? hosts : 0}
              onChange={(limits) => setDraft({ ...draft, limits })}
            />
          </>
        )}
        {state.status === 'idle' ? (
          works && (
            <div className="card empty">
              <Play size={24} />
              <strong>{t('nothingYetTitle')}</strong>
              <span>{t('nothingYet')}</span>
            </div>
          )
        ) : (
          <RunOutcome
            state={state}
            maxima={maxima}
            onRetry={() => run()}
            onInput={(data, end) => runner.send(data, end)}
            onDebug={
              editable && draft.engine === 'run' ? () => debugWithAgent(projectId, line, navigate) : undefined
            }
            onMore={({ change }) =>
              run({ ...draft.limits, ...change, limits: { ...draft.limits.limits, ...change.limits } })
            }
          />
        )}
        {editable && <AgentGuide projectId={projectId} state={state} />}
        {draft.engine === 'micro' && <MachineList projectId={projectId} editable={editable} />}
      </div>
    </div>
  );
}

/** Prepares a task for the debug agent: the command that failed is its check. */
function debugWithAgent(projectId: string, line: string, navigate: ReturnType<typeof useNavigate>): void {
  prepareTask(projectId, { agent: 'debug', command: line, text: text('agents:debugText') });
  void navigate({ to: '/p/$projectId/agents', params: { projectId } });
}
