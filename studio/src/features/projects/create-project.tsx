import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import {
  ArrowRight,
  ChartLine,
  FileArchive,
  FileText,
  FolderGit2,
  FolderOpen,
  type LucideIcon,
  Server,
} from 'lucide-react';
import { type FormEvent, type ReactNode, useState } from 'react';
import { enginesQuery, refreshProjects, templatesQuery } from '../../app/queries.ts';
import { useLanguage, useText } from '../../i18n/language.ts';
import { rpc } from '../../rpc/client.ts';
import type { Result } from '../../rpc/contracts.ts';
import { rest } from '../../rpc/http.ts';
import { Field } from '../../ui/field.tsx';
import { requestRun } from '../run/pending-run.ts';
import { OptionCards } from './option-cards.tsx';

type Template = Result<'project.templates'>['templates'][number];
type Project = Result<'project.create'>;

const icons: Record<Template['name'], LucideIcon> = {
  'node-ts': Server,
  python: ChartLine,
  'static-site': FileText,
  empty: FolderOpen,
};

interface Chosen {
  readonly source: string;
  readonly template: Template | undefined;
}

async function make({ source, template }: Chosen, form: FormData, defaultName: string): Promise<Project> {
  const name = String(form.get('name') ?? '').trim();
  if (source === 'git') return rpc.call('project.import', { url: String(form.get('url') ?? '').trim() });
  if (source === 'zip') {
    const file = form.get('archive') as File;
    const wanted = name === '' ? file.name.replace(/\.zip$/i, '') : name;
    return rest<Project>('POST', `/projects/import?name=${encodeURIComponent(wanted)}`, file);
  }
  const chosen = template === undefined ? {} : { template: template.name };
  return rpc.call('project.create', { name: name === '' ? defaultName : name, ...chosen });
}

/** A new project: from a template, which then runs at once, from a git address or from a zip file. */
export function CreateProject({ children, skip }: { children?: ReactNode; skip?: ReactNode }) {
  const t = useText('projects');
  const language = useLanguage();
  const navigate = useNavigate();
  const templates = useQuery(templatesQuery).data?.templates ?? [];
  const engines = useQuery(enginesQuery).data?.engines;
  const [source, setSource] = useState<string>('node-ts');
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);
  const template = templates.find((candidate) => candidate.name === source);
  const runs =
    template?.run != null && engines?.some(({ engine, available }) => engine === 'run' && available);

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    setProblem(undefined);
    try {
      const project = await make({ source, template }, new FormData(event.currentTarget), t('defaultName'));
      await refreshProjects();
      if (runs && template?.run != null) {
        requestRun(project.id, template.run);
        await navigate({ to: '/p/$projectId/run', params: { projectId: project.id } });
      } else {
        const search = template === undefined ? {} : { file: template.openFile };
        await navigate({ to: '/p/$projectId', params: { projectId: project.id }, search });
      }
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  }

  const options = [
    ...templates.map(({ name, title, description }) => ({
      name: name as string,
      title: title[language],
      detail: description[language],
      icon: icons[name],
    })),
    { name: 'git', title: t('fromGit'), detail: t('fromGitDetail'), icon: FolderGit2 },
    { name: 'zip', title: t('fromZip'), detail: t('fromZipDetail'), icon: FileArchive },
  ];
  const action =
    source === 'git' || source === 'zip' ? t('importIt') : runs ? t('createAndRun') : t('create');
  return (
    <form className="facts" onSubmit={(event) => void submit(event)}>
      <div>
        <h2>{t('what')}</h2>
        <OptionCards label={t('what')} options={options} chosen={source} onChoose={setSource} />
      </div>
      {source === 'git' && (
        <Field
          large
          name="url"
          label={t('gitUrl')}
          placeholder="https://example.org/team/project.git"
          maxLength={2000}
          required
          error={problem}
        />
      )}
      {source === 'zip' && (
        <Field large name="archive" type="file" accept=".zip,application/zip" label={t('zipFile')} required />
      )}
      {source !== 'git' && (
        <Field
          large
          name="name"
          label={t('name')}
          placeholder={source === 'zip' ? t('nameOfZip') : t('defaultName')}
          maxLength={100}
          autoComplete="off"
          error={problem}
        />
      )}
      {children}
      <div className="entry-actions">
        <span className="grow" />
        {skip}
        <button type="submit" className="button primary large" aria-busy={busy}>
          {action} <ArrowRight size={16} />
        </button>
      </div>
    </form>
  );
}
