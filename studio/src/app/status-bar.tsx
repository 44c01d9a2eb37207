import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { CircleDot, Coins, GitBranch, PlugZap, WifiOff } from 'lucide-react';
import { useSyncExternalStore } from 'react';
import { tasksQuery } from '../features/agents/agent-queries.ts';
import { useLanguage, useText } from '../i18n/language.ts';
import { rpcConnection } from '../rpc/client.ts';
import { formatCount } from '../ui/format.ts';
import { useStore } from '../ui/store.ts';
import { editorStatus, unsavedFiles } from './editor-status.ts';
import { balanceQuery, projectQuery } from './queries.ts';

export function StatusBar() {
  const t = useText('shell');
  const language = useLanguage();
  const { projectId } = useParams({ strict: false });
  const git = useQuery({ ...projectQuery(projectId ?? ''), enabled: projectId !== undefined }).data?.git;
  const balance = useQuery(balanceQuery).data;
  const position = useStore(editorStatus);
  return (
    // biome-ignore lint/a11y/useAriaPropsSupportedByRole: below <body> a footer is the landmark contentinfo, which may be named
    <footer className="statusbar" aria-label={t('status')} data-region="status">
      {projectId !== undefined && git !== undefined && git !== null && (
        <Link
          to="/p/$projectId"
          params={{ projectId }}
          search={(before) => ({ ...before, side: 'changes' })}
          title={t('changes')}
        >
          <GitBranch size={14} />
          {git.branch ?? git.commitId?.slice(0, 8)}
          {git.files.length > 0 && <span className="text-muted">+{git.files.length}</span>}
        </Link>
      )}
      <Unsaved />
      {projectId !== undefined && <WorkingAgents projectId={projectId} />}
      <span className="grow" />
      {position !== undefined && projectId !== undefined && (
        <>
          <span>{t('position', { line: position.line, column: position.column })}</span>
          <span>{position.language}</span>
        </>
      )}
      {balance !== undefined && (
        <Link to="/account/$section" params={{ section: 'usage' }}>
          <Coins size={14} />
          {t('tokensLeft', { tokens: formatCount(balance.tokens, language) })}
        </Link>
      )}
      <ConnectionState />
    </footer>
  );
}

function WorkingAgents({ projectId }: { projectId: string }) {
  const t = useText('shell');
  const open = useQuery(tasksQuery(projectId)).data?.filter(
    ({ status }) => status === 'running' || status === 'waiting_for_input',
  );
  const [first] = open ?? [];
  if (open === undefined || first === undefined) return null;
  return (
    <Link to="/p/$projectId/agents/$taskId" params={{ projectId, taskId: first.taskId }}>
      <i className="dot running tone-agent" />
      {t('agentsWorking', { count: open.length })}
    </Link>
  );
}

function Unsaved() {
  const t = useText('shell');
  const { count, waiting } = useStore(unsavedFiles);
  if (count === 0) return null;
  return (
    <span role="status">
      <CircleDot size={14} className={waiting ? 'tone-warning' : ''} />
      {waiting ? t('changesWait', { count }) : t('unsaved', { count })}
    </span>
  );
}

function ConnectionState() {
  const t = useText('shell');
  const state = useSyncExternalStore(rpcConnection.subscribe, rpcConnection.state);
  const roundTripMs = rpcConnection.roundTripMs();
  if (state === 'waiting' || state === 'idle') {
    return (
      <button type="button" onClick={() => rpcConnection.hurry()} title={t('offlineHint')}>
        <WifiOff size={14} className="tone-warning" />
        {t('offlineNow')}
      </button>
    );
  }
  return (
    <span>
      <PlugZap size={14} className={state === 'open' ? 'tone-success' : 'text-muted'} />
      {state === 'open' ? t('connected') : t('connecting')}
      {state === 'open' && roundTripMs !== undefined && (
        <span className="text-muted">{Math.max(1, Math.round(roundTripMs))} ms</span>
      )}
    </span>
  );
}
