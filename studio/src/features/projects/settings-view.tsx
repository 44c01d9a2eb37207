import './projects.css';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useParams } from '@tanstack/react-router';
import { Download, Trash2 } from 'lucide-react';
import type { FormEvent } from 'react';
import { projectQuery, refreshProject, refreshProjects } from '../../app/queries.ts';
import { useText } from '../../i18n/language.ts';
import { rpc } from '../../rpc/client.ts';
import { Field } from '../../ui/field.tsx';
import { PanelBoundary, PanelError } from '../../ui/panel-boundary.tsx';
import { SkeletonLines } from '../../ui/skeleton.tsx';
import { toast, toastFault } from '../../ui/toasts.tsx';
import { AgentPolicy } from './agent-policy.tsx';
import { Connections } from './connections.tsx';
import { Members } from './members.tsx';
import { NetworkPolicy } from './network-policy.tsx';
import { deleteProject, exportProject } from './project-actions.ts';

/** One project's name, members, network, agents, connections and end. */
export function SettingsView() {
  const t = useText('projects');
  const { projectId } = useParams({ from: '/shell/p/$projectId/settings' });
  const project = useQuery(projectQuery(projectId));
  const navigate = useNavigate();
  if (project.data === undefined) {
    if (project.error === null) return <SkeletonLines />;
    return <PanelError error={project.error} retry={() => void project.refetch()} />;
  }
  const { name, role } = project.data.project;
  const owner = role === 'owner';

  async function rename(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const wanted = String(new FormData(event.currentTarget).get('name') ?? '').trim();
    try {
      await rpc.call('project.rename', { id: projectId, name: wanted });
      toast({ title: t('renamed', { name: wanted }) });
    } catch (error) {
      toastFault(error);
    }
    await Promise.all([refreshProject(projectId), refreshProjects()]);
  }

  return (
    <div className="page wide">
      <div className="page-content settings" data-region="content">
        <div className="page-head">
          <div className="grow">
            <h1>{name}</h1>
            <p>{t('settings')}</p>
          </div>
          <button type="button" className="button" onClick={() => void exportProject(projectId)}>
            <Download size={14} /> {t('export')}
          </button>
        </div>
        {owner && (
          <section className="card section" aria-label={t('name')}>
            <form onSubmit={(event) => void rename(event)} className="section-body form-line" key={name}>
              <Field name="name" label={t('name')} defaultValue={name} maxLength={100} required />
              <button type="submit" className="button">
                {t('rename')}
              </button>
            </form>
          </section>
        )}
        <PanelBoundary>
          <Members projectId={projectId} owner={owner} />
        </PanelBoundary>
        <PanelBoundary>
          <NetworkPolicy projectId={projectId} editable={owner} />
        </PanelBoundary>
        <PanelBoundary>
          <AgentPolicy projectId={projectId} editable={owner} />
        </PanelBoundary>
        <PanelBoundary>
          <Connections projectId={projectId} editable={owner} />
        </PanelBoundary>
        {owner && (
          <section className="card section" aria-labelledby="end-title">
            <header>
              <h2 id="end-title">{t('deleteTitle')}</h2>
            </header>
            <div className="section-body form-line">
              <p className="text-second grow">{t('deleteText')}</p>
              <button
                type="button"
                className="button danger"
                onClick={() => {
                  void deleteProject({ id: projectId, name }).then((done) => {
                    if (done) void navigate({ to: '/' });
                  });
                }}
              >
                <Trash2 size={14} /> {t('delete')}
              </button>
            </div>
          </section>
        )}
      </div>
    </div>
  );
}
