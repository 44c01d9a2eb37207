import { useQuery } from '@tanstack/react-query';
import { FileDiff, GitCommitHorizontal, Undo2 } from 'lucide-react';
import { type FormEvent, useId, useState } from 'react';
import { refreshProject } from '../../app/queries.ts';
import { useText } from '../../i18n/language.ts';
import { rpc } from '../../rpc/client.ts';
import { toast, toastFault } from '../../ui/toasts.tsx';
import type { DocumentStore } from './document-store.ts';
import type { GitLetter } from './git-letters.ts';
import { nameOf, parentOf } from './tree-model.ts';

interface ChangesProps {
  readonly documents: DocumentStore;
  readonly letters: ReadonlyMap<string, GitLetter>;
  readonly editable: boolean;
  readonly current: string | undefined;
  /** Shows a file beside its last committed state. */
  readonly onCompare: (path: string) => void;
}

/** What differs from the last commit, which of it is committed, and the commit itself. */
export function ChangesPanel({ documents, letters, editable, current, onCompare }: ChangesProps) {
  const t = useText('git');
  const { projectId } = documents;
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set());
  const paths = [...letters.keys()];
  const chosen = paths.filter((path) => !left.has(path));
  const stats = useQuery({
    queryKey: ['project', projectId, 'stats', paths.join('\n')],
    queryFn: () => rpc.call('project.git.diff', { projectId, contextLines: 0 }),
    enabled: paths.length > 0,
  }).data?.files;

  async function restore(path: string) {
    try {
      await rpc.call('project.git.restore', { projectId, paths: [path] });
      toast({ title: t('restored', { path }), detail: t('restoredDetail') });
    } catch (error) {
      toastFault(error);
    }
    await refreshProject(projectId);
  }

  return (
    <section className="changes" aria-label={t('changes')}>
      <header className="region-head">
        <h2>{t('changes')}</h2>
        <span className="count">{letters.size}</span>
      </header>
      {letters.size === 0 ? (
        <div className="empty">
          <FileDiff size={24} />
          <strong>{t('noChangesTitle')}</strong>
          <span>{t('noChanges')}</span>
        </div>
      ) : (
        <ul className="change-list">
          {[...letters].slice(0, 500).map(([path, letter]) => {
            const stat = stats?.find((file) => file.path === path);
            return (
              <li key={path} className="change-row">
                {editable && (
                  <input
                    type="checkbox"
                    aria-label={t('include', { path })}
                    checked={!left.has(path)}
                    onChange={(event) => {
                      const next = new Set(left);
                      if (event.target.checked) next.delete(path);
                      else next.add(path);
                      setLeft(next);
                    }}
                  />
                )}
                <button
                  type="button"
                  className="side-link"
                  title={path}
                  aria-current={path === current}
                  onClick={() => onCompare(path)}
                >
                  <span className="clip">{nameOf(path)}</span>
                  <span className="text-muted clip grow">{parentOf(path)}</span>
                  {stat !== undefined && stat.addedLines !== null && (
                    <span className="count">
                      <span className="plus">+{stat.addedLines}</span>{' '}
                      <span className="minus">−{stat.removedLines}</span>
                    </span>
                  )}
                  <span className={`git-letter git-${letter}`}>{letter}</span>
                </button>
                {editable && (
                  <button
                    type="button"
                    className="icon-button small"
                    aria-label={t('restoreNamed', { path })}
                    title={t('restoreFile')}
                    onClick={() => void restore(path)}
                  >
                    <Undo2 size={14} />
                  </button>
                )}
              </li>
            );
          })}
        </ul>
      )}
      {editable && letters.size > 0 && (
        <CommitForm
          documents={documents}
          paths={chosen}
          all={chosen.length === paths.length}
          onCommitted={() => setLeft(new Set())}
        />
      )}
    </section>
  );
}

interface CommitProps {
  readonly documents: DocumentStore;
  readonly paths: readonly string[];
  readonly all: boolean;
  readonly onCommitted: () => void;
}

function CommitForm({ documents, paths, all, onCommitted }: CommitProps) {
  const t = useText('git');
  const { projectId } = documents;
  const messageId = useId();
  const [busy, setBusy] = useState(false);

  async function commit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = event.currentTarget;
    const message = String(new FormData(form).get('message') ?? '').trim();
    if (busy || paths.length === 0 || message === '') return;
    setBusy(true);
    try {
      await documents.saveAll();
      const only = all ? {} : { paths: paths.slice(0, 1_000) };
      const { changedFiles } = await rpc.call('project.git.commit', { projectId, message, ...only });
      toast({ title: t('committed', { count: changedFiles }) });
      form.reset();
      onCommitted();
    } catch (error) {
      toastFault(error);
    } finally {
      setBusy(false);
      await refreshProject(projectId);
    }
  }

  return (
    <form onSubmit={(event) => void commit(event)} className="commit-form">
      <div className="field">
        <label htmlFor={messageId}>{t('message')}</label>
        <textarea
          id={messageId}
          name="message"
          className="input"
          rows={3}
          required
          maxLength={10_000}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
            event.preventDefault();
            event.currentTarget.form?.requestSubmit();
          }}
        />
      </div>
      <button type="submit" className="button primary" disabled={paths.length === 0} aria-busy={busy}>
        <GitCommitHorizontal size={14} /> {t('commit', { count: paths.length })}
      </button>
    </form>
  );
}
