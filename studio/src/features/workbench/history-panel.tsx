import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { ChevronDown, ChevronRight, FileClock, GitCommitHorizontal } from 'lucide-react';
import { useState } from 'react';
import { useLanguage, useText } from '../../i18n/language.ts';
import { rpc } from '../../rpc/client.ts';
import type { Result } from '../../rpc/contracts.ts';
import { formatBytes, formatInstant, formatTime } from '../../ui/format.ts';
import { PanelError } from '../../ui/panel-boundary.tsx';
import { SkeletonLines } from '../../ui/skeleton.tsx';
import { nameOf, parentOf } from './tree-model.ts';

interface HistoryProps {
  readonly projectId: string;
  /** The file that is shown, whose kept versions are listed. */
  readonly file: string | undefined;
  readonly compare: string | undefined;
  readonly onCompare: (path: string, compare: string) => void;
}

/** The project's commits, and the kept versions of the file that is shown. */
export function HistoryPanel(props: HistoryProps) {
  return (
    <>
      <Commits {...props} />
      {props.file !== undefined && <FileVersions {...props} file={props.file} />}
    </>
  );
}

function Commits({ projectId, compare, onCompare }: HistoryProps) {
  const t = useText('git');
  const log = useInfiniteQuery({
    queryKey: ['project', projectId, 'log'],
    queryFn: ({ pageParam }) =>
      rpc.call('project.git.log', {
        projectId,
        limit: 50,
        ...(pageParam === null ? {} : { cursor: pageParam }),
      }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.nextCursor,
  });
  const commits = log.data?.pages.flatMap((page) => page.commits);
  return (
    <section className="history" aria-label={t('commits')}>
      <header className="region-head">
        <h2>{t('commits')}</h2>
      </header>
      {commits === undefined &&
        (log.error === null ? (
          <SkeletonLines />
        ) : (
          <PanelError error={log.error} retry={() => void log.refetch()} />
        ))}
      <ul className="change-list">
        {commits?.map((commit) => (
          <CommitRow
            key={commit.commitId}
            projectId={projectId}
            commit={commit}
            compare={compare}
            onCompare={onCompare}
          />
        ))}
      </ul>
      {log.hasNextPage && (
        <button type="button" className="button small more" onClick={() => void log.fetchNextPage()}>
          {t('older')}
        </button>
      )}
    </section>
  );
}

interface CommitRowProps {
  readonly projectId: string;
  readonly commit: Result<'project.git.log'>['commits'][number];
  readonly compare: string | undefined;
  readonly onCompare: HistoryProps['onCompare'];
}

function CommitRow({ projectId, commit, compare, onCompare }: CommitRowProps) {
  const language = useLanguage();
  const [open, setOpen] = useState(compare === `commit:${commit.commitId}`);
  return (
    <li>
      <button
        type="button"
        className="side-link two-lines"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
        title={`${commit.commitId.slice(0, 8)} · ${formatInstant(commit.authoredAt, language)}`}
      >
        {open ? <ChevronDown size={14} /> : <ChevronRight size={14} />}
        <span className="grow">
          <span className="clip block">{commit.message.split('\n')[0]}</span>
          <span className="text-muted count clip block">
            {commit.authorName} · {formatTime(commit.authoredAt, language)} ·{' '}
            <code>{commit.commitId.slice(0, 8)}</code>
          </span>
        </span>
      </button>
      {open && <CommitFiles projectId={projectId} commit={commit} compare={compare} onCompare={onCompare} />}
    </li>
  );
}

/** The tree without anything in it: what a first commit is compared with (git hash-object -t tree /dev/null). */
const emptyTree = '4b825dc642cb6eb9a060e54bf8d69288fbee4904';

function CommitFiles({ projectId, commit, compare, onCompare }: CommitRowProps) {
  const t = useText('git');
  const { commitId, parents } = commit;
  const diff = useQuery({
    queryKey: ['project', projectId, 'commit', commitId],
    queryFn: () =>
      rpc.call('project.git.diff', {
        projectId,
        from: parents[0] ?? emptyTree,
        to: commitId,
        contextLines: 0,
      }),
    staleTime: Number.POSITIVE_INFINITY,
  });
  if (diff.error !== null) return <PanelError error={diff.error} retry={() => void diff.refetch()} />;
  if (diff.data?.files.length === 0) return <p className="history-note">{t('noFiles')}</p>;
  return (
    <ul className="commit-files">
      {diff.data?.files.map((file) => (
        <li key={file.path}>
          <button
            type="button"
            className="side-link"
            title={file.path}
            aria-current={compare === `commit:${commitId}`}
            onClick={() => onCompare(file.path, `commit:${commitId}`)}
          >
            <span className="clip">{nameOf(file.path)}</span>
            <span className="text-muted clip grow">{parentOf(file.path)}</span>
            {file.addedLines !== null && (
              <span className="count">
                <span className="plus">+{file.addedLines}</span>{' '}
                <span className="minus">−{file.removedLines}</span>
              </span>
            )}
          </button>
        </li>
      ))}
    </ul>
  );
}

function FileVersions({ projectId, file, compare, onCompare }: HistoryProps & { readonly file: string }) {
  const t = useText('git');
  const language = useLanguage();
  const history = useQuery({
    queryKey: ['project', projectId, 'versions', file],
    queryFn: () => rpc.call('project.file.history', { projectId, path: file }),
  });
  const versions = history.data?.versions;
  return (
    <section className="history versions" aria-label={t('versionsOf', { name: nameOf(file) })}>
      <header className="region-head">
        <h2 className="clip">{t('versionsOf', { name: nameOf(file) })}</h2>
        <span className="count">{versions?.length}</span>
      </header>
      {history.error !== null && <PanelError error={history.error} retry={() => void history.refetch()} />}
      {versions?.length === 0 && <p className="history-note">{t('noVersions')}</p>}
      <ul className="change-list">
        {versions?.map((version) => (
          <li key={version.versionId}>
            <button
              type="button"
              className="side-link"
              aria-current={compare === `version:${version.versionId}`}
              onClick={() => onCompare(file, `version:${version.versionId}`)}
            >
              {version.origin === 'preserved' ? <FileClock size={14} /> : <GitCommitHorizontal size={14} />}
              <span className="grow clip">{formatInstant(version.savedAt, language)}</span>
              <span className="count">{t(`origin.${version.origin}`)}</span>
              <span className="count">{formatBytes(version.size, language)}</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
