import { useQuery } from '@tanstack/react-query';
import { Undo2, X } from 'lucide-react';
import { refreshProject } from '../../app/queries.ts';
import { useText } from '../../i18n/language.ts';
import { rpc } from '../../rpc/client.ts';
import { PanelError } from '../../ui/panel-boundary.tsx';
import { SkeletonLines } from '../../ui/skeleton.tsx';
import { toast, toastFault } from '../../ui/toasts.tsx';
import { CompareEditor } from './compare-editor.tsx';
import { type Comparison, sidesQuery } from './comparison.ts';

interface ComparePanelProps {
  readonly projectId: string;
  readonly path: string;
  readonly comparison: Comparison;
  readonly language: string;
  readonly editable: boolean;
  readonly onClose: () => void;
}

/** A file as it was and as it is; from here the earlier state can be taken back. */
export function ComparePanel(props: ComparePanelProps) {
  const { projectId, path, comparison, language, editable, onClose } = props;
  const t = useText('git');
  const sides = useQuery(sidesQuery(projectId, path, comparison));
  const names = {
    head: [t('lastCommit'), t('now')],
    commit: [
      t('beforeCommit'),
      t('afterCommit', { id: 'id' in comparison ? comparison.id.slice(0, 8) : '' }),
    ],
    version: [t('keptVersion'), t('now')],
  }[comparison.kind] as [string, string];

  async function takeBack() {
    try {
      if (comparison.kind === 'version') {
        await rpc.call('project.file.revert', { projectId, versionId: comparison.id });
      } else await rpc.call('project.git.restore', { projectId, paths: [path] });
      toast({ title: t('tookBack', { path }) });
      onClose();
    } catch (error) {
      toastFault(error);
    }
    await refreshProject(projectId);
  }

  return (
    <div className="compare">
      <div className="compare-bar">
        <span className="grow clip">{t('comparing', { before: names[0], after: names[1] })}</span>
        {editable && comparison.kind !== 'commit' && (
          <button type="button" className="button small" onClick={() => void takeBack()}>
            <Undo2 size={14} /> {comparison.kind === 'head' ? t('restoreFile') : t('takeBackVersion')}
          </button>
        )}
        <button
          type="button"
          className="icon-button small"
          aria-label={t('closeComparison')}
          title={t('closeComparison')}
          onClick={onClose}
        >
          <X size={14} />
        </button>
      </div>
      {sides.data === undefined ? (
        sides.error === null ? (
          <SkeletonLines />
        ) : (
          <PanelError error={sides.error} retry={() => void sides.refetch()} />
        )
      ) : sides.data.binary ? (
        <p className="empty">{t('binary')}</p>
      ) : (
        <CompareEditor
          before={sides.data.before}
          after={sides.data.after}
          language={language}
          beforeLabel={names[0]}
          afterLabel={names[1]}
        />
      )}
    </div>
  );
}
