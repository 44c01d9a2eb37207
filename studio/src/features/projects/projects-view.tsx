import './projects.css';
import { useQuery } from '@tanstack/react-query';
import { Link, Navigate } from '@tanstack/react-router';
import { Folder, FolderOpen, Plus, RotateCcw } from 'lucide-react';
import { projectsQuery, refreshProjects } from '../../app/queries.ts';
import { useUser } from '../../app/session.ts';
import { useLanguage, useText } from '../../i18n/language.ts';
import { rpc } from '../../rpc/client.ts';
import { formatInstant } from '../../ui/format.ts';
import { readStored } from '../../ui/local-storage.ts';
import { PanelError } from '../../ui/panel-boundary.tsx';
import { SkeletonLines } from '../../ui/skeleton.tsx';
import { toast, toastFault } from '../../ui/toasts.tsx';
import { ProjectMenu } from './project-menu.tsx';
import { guideSkippedKey } from './welcome-view.tsx';

/** The start page: one's projects, and those that were deleted and can come back. */
export function ProjectsView() {
  const t = useText('projects');
  const list = useQuery(projectsQuery);
  const user = useUser();
  if (list.data === undefined) {
    if (list.error !== null) return <PanelError error={list.error} retry={() => void list.refetch()} />;
    return <SkeletonLines />;
  }
  const canCreate = user.role !== 'viewer';
  if (list.data.length === 0 && canCreate && readStored(guideSkippedKey) !== true) {
    return <Navigate to="/welcome" replace />;
  }
  return (
    <div className="page wide">
      <div className="page-content projects" data-region="content">
        <div className="page-head">
          <div className="grow">
            <h1>{t('title')}</h1>
            <p>{t('lead')}</p>
          </div>
          {canCreate && (
            <Link to="/welcome" className="button primary">
              <Plus size={14} /> {t('new')}
            </Link>
          )}
        </div>
        {list.data.length === 0 ? <NoProjects /> : <ProjectList projects={list.data} />}
        <DeletedProjects />
      </div>
    </div>
  );
}

function NoProjects() {
  const t = useText('projects');
  return (
    <div className="card empty">
      <FolderOpen size={24} />
      <strong>{t('noneTitle')}</strong>
      <span>{t('noneText')}</span>
    </div>
  );
}

function ProjectList({ projects }: { projects: Awaited<ReturnType<typeof listed>> }) {
  const t = useText('projects');
  const language = useLanguage();
  return (
    <section className="card section" aria-label={t('title')}>
      <table className="table">
        <thead>
          <tr>
            <th scope="col">{t('name')}</th>
            <th scope="col">{t('role')}</th>
            <th scope="col">{t('changed')}</th>
            <th scope="col">
              <span className="visually-hidden">{t('actions')}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {projects.map((project) => (
            <tr key={project.id}>
              <td>
                <Link to="/p/$projectId" params={{ projectId: project.id }} className="project-link">
                  <Folder size={16} />
                  <span className="clip">{project.name}</span>
                </Link>
              </td>
              <td className="text-second">{t(`roles.${project.role}`)}</td>
              <td className="text-second">{formatInstant(project.updatedAt, language)}</td>
              <td className="actions">
                <ProjectMenu project={project} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

const listed = async () => (await rpc.call('project.list', {})).projects;

function DeletedProjects() {
  const t = useText('projects');
  const language = useLanguage();
  const deleted = useQuery({
    queryKey: ['projects.deleted'],
    queryFn: () => rpc.call('project.deleted', {}),
  }).data?.projects;
  if (deleted === undefined || deleted.length === 0) return null;
  async function restore(id: string, name: string) {
    try {
      await rpc.call('project.restore', { id });
      toast({ title: t('restored', { name }) });
    } catch (error) {
      toastFault(error);
    }
    await refreshProjects();
  }
  return (
    <section className="card section" aria-labelledby="deleted-title">
      <header>
        <h2 id="deleted-title">{t('deletedTitle')}</h2>
        <span className="count">{deleted.length}</span>
      </header>
      <table className="table">
        <tbody>
          {deleted.map((project) => (
            <tr key={project.id}>
              <td>{project.name}</td>
              <td className="text-second">
                {t('restorableUntil', { date: formatInstant(project.restorableUntil, language) })}
              </td>
              <td className="actions">
                <button
                  type="button"
                  className="button small"
                  aria-label={t('restoreNamed', { name: project.name })}
                  onClick={() => void restore(project.id, project.name)}
                >
                  <RotateCcw size={14} /> {t('restore')}
                </button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
