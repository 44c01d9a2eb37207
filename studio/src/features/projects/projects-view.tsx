import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Folder, RotateCcw, Trash2 } from 'lucide-react';
import { queryClient } from '../../app/query-client.ts';
import { useLanguage, useText } from '../../i18n/language.ts';
import { rpc } from '../../rpc/client.ts';
import type { Result } from '../../rpc/contracts.ts';
import { PanelError } from '../../ui/panel-boundary.tsx';
import { toast, toastFault } from '../../ui/toasts.tsx';
import { CreateProject } from './create-project.tsx';
import { ServerChecks } from './server-checks.tsx';
import { projectTexts } from './texts.ts';

type Project = Result<'project.list'>['projects'][number];

async function refresh(): Promise<void> {
  await Promise.all([
    queryClient.invalidateQueries({ queryKey: ['projects'] }),
    queryClient.invalidateQueries({ queryKey: ['projects.deleted'] }),
  ]);
}

async function restore(id: string): Promise<void> {
  await rpc.call('project.restore', { id }).catch(toastFault);
  await refresh();
}

/** The start page: projects, a new one, deleted ones, and what this server can do. */
export function ProjectsView() {
  const t = useText(projectTexts);
  const list = useQuery({ queryKey: ['projects'], queryFn: () => rpc.call('project.list', {}) });
  const deleted = useQuery({
    queryKey: ['projects.deleted'],
    queryFn: () => rpc.call('project.deleted', {}),
  }).data;
  if (list.error !== null) return <PanelError error={list.error} retry={() => void list.refetch()} />;
  const projects = list.data?.projects;
  const first = projects?.length === 0;
  return (
    <div className="projects">
      <section className="projects-list" aria-labelledby="projects-title">
        <h1 id="projects-title">{first ? t.firstTitle : t.title}</h1>
        {first && <p className="text-second">{t.firstLead}</p>}
        {projects === undefined && <ProjectSkeletons />}
        <ul>
          {projects?.map((project) => (
            <ProjectRow key={project.id} project={project} />
          ))}
        </ul>
        {first && <p className="text-muted">{t.none}</p>}
        {deleted !== undefined && deleted.projects.length > 0 && (
          <details>
            <summary className="text-muted">{t.restorable}</summary>
            <ul>
              {deleted.projects.map((project) => (
                <li key={project.id} className="project-row">
                  <span className="clip flex-1">{project.name}</span>
                  <button type="button" className="button small" onClick={() => void restore(project.id)}>
                    <RotateCcw size={14} /> {t.restore}
                  </button>
                </li>
              ))}
            </ul>
          </details>
        )}
      </section>
      <div className="projects-side">
        <CreateProject />
        <ServerChecks />
      </div>
    </div>
  );
}

function ProjectSkeletons() {
  return (
    <div className="grid gap-2" aria-hidden="true">
      {[1, 2, 3].map((row) => (
        <div key={row} className="skeleton h-[44px]" />
      ))}
    </div>
  );
}

function ProjectRow({ project }: { project: Project }) {
  const t = useText(projectTexts);
  const language = useLanguage();
  async function remove() {
    try {
      await rpc.call('project.delete', { id: project.id });
      toast(t.deleted(project.name), { label: t.undo, run: () => void restore(project.id) });
    } catch (error) {
      toastFault(error);
    }
    await refresh();
  }
  return (
    <li className="project-row">
      <Link to="/p/$projectId" params={{ projectId: project.id }} className="project-link">
        <Folder size={16} strokeWidth={1.75} />
        <strong className="clip">{project.name}</strong>
        <span className="text-muted numbers project-time">
          {new Date(project.updatedAt).toLocaleString(language, { dateStyle: 'medium', timeStyle: 'short' })}
        </span>
      </Link>
      {project.role === 'owner' && (
        <button
          type="button"
          className="icon-button"
          aria-label={t.remove(project.name)}
          onClick={() => void remove()}
        >
          <Trash2 size={14} />
        </button>
      )}
    </li>
  );
}
