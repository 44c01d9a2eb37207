import { GitCommitHorizontal } from 'lucide-react';
import { type FormEvent, useState } from 'react';
import { useText } from '../../i18n/language.ts';
import { rpc } from '../../rpc/client.ts';
import { toast, toastFault } from '../../ui/toasts.tsx';
import { workbenchTexts } from './texts.ts';
import { refreshProject } from './use-file-actions.ts';

interface ChangesProps {
  readonly projectId: string;
  readonly letters: ReadonlyMap<string, string>;
  readonly editable: boolean;
  readonly onOpen: (path: string) => void;
}

/** What differs from the last commit, and the commit itself. */
export function ChangesPanel({ projectId, letters, editable, onOpen }: ChangesProps) {
  const t = useText(workbenchTexts);
  const [busy, setBusy] = useState(false);

  async function commit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = event.currentTarget;
    const message = String(new FormData(form).get('message') ?? '');
    setBusy(true);
    try {
      const { changedFiles } = await rpc.call('project.git.commit', { projectId, message });
      toast(t.committed(changedFiles));
      form.reset();
    } catch (error) {
      toastFault(error);
    } finally {
      setBusy(false);
      await refreshProject(projectId);
    }
  }

  return (
    <details className="changes" open={letters.size > 0}>
      <summary>
        <h2>{t.changes}</h2>
        <span className="numbers text-muted">{letters.size}</span>
      </summary>
      {letters.size === 0 ? (
        <p className="text-muted">{t.noChanges}</p>
      ) : (
        <ul>
          {[...letters].slice(0, 100).map(([path, letter]) => (
            <li key={path}>
              <button
                type="button"
                className="change-row"
                onClick={() => onOpen(path)}
                disabled={letter === 'D'}
              >
                <span className="clip flex-1">{path}</span>
                <span className={`git-letter git-${letter}`}>{letter}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
      {editable && letters.size > 0 && (
        <form onSubmit={(event) => void commit(event)} className="commit-form">
          <input
            name="message"
            className="input"
            aria-label={t.message}
            placeholder={t.message}
            required
            maxLength={10_000}
          />
          <button type="submit" className="button" disabled={busy}>
            <GitCommitHorizontal size={14} /> {t.commit}
          </button>
        </form>
      )}
    </details>
  );
}
