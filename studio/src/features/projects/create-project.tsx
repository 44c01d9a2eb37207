import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import {
  ArrowRight,
  ChartLine,
  FileText,
  FolderGit2,
  FolderOpen,
  type LucideIcon,
  Server,
} from 'lucide-react';
import { type FormEvent, useId, useState } from 'react';
import { queryClient } from '../../app/query-client.ts';
import { useLanguage, useText } from '../../i18n/language.ts';
import { rpc } from '../../rpc/client.ts';
import { toastFault } from '../../ui/toasts.tsx';
import { projectTexts } from './texts.ts';

const icons: Record<string, LucideIcon> = {
  'node-ts': Server,
  python: ChartLine,
  'static-site': FileText,
  empty: FolderOpen,
};

/** A new project from a template, or from a git address. */
export function CreateProject() {
  const t = useText(projectTexts);
  const language = useLanguage();
  const navigate = useNavigate();
  const nameId = useId();
  const templates = useQuery({
    queryKey: ['templates'],
    queryFn: () => rpc.call('project.templates', {}),
    staleTime: Infinity,
  }).data?.templates;
  const [chosen, setChosen] = useState<string>('node-ts');
  const [busy, setBusy] = useState(false);
  const fromGit = chosen === 'git';

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const text = String(new FormData(event.currentTarget).get('name') ?? '').trim();
    setBusy(true);
    try {
      const template = templates?.find((candidate) => candidate.name === chosen)?.name;
      const project = fromGit
        ? await rpc.call('project.import', { url: text })
        : await rpc.call('project.create', {
            name: text === '' ? t.defaultName : text,
            ...(template === undefined ? {} : { template }),
          });
      await queryClient.invalidateQueries({ queryKey: ['projects'] });
      const openFile = templates?.find((candidate) => candidate.name === chosen)?.openFile;
      await navigate({
        to: '/p/$projectId',
        params: { projectId: project.id },
        ...(openFile ? { hash: openFile } : {}),
      });
    } catch (error) {
      toastFault(error);
    } finally {
      setBusy(false);
    }
  }

  const options = [
    ...(templates ?? []).map((template) => ({
      name: template.name as string,
      title: template.title[language],
      description: template.description[language],
    })),
    { name: 'git', title: t.fromGit, description: 'https, ssh' },
  ];
  return (
    <form className="create-project" onSubmit={(event) => void submit(event)} aria-busy={busy}>
      <h2 className="section-title">{t.what}</h2>
      <div role="radiogroup" aria-label={t.what} className="template-grid">
        {options.map(({ name, title, description }) => {
          const Icon = icons[name] ?? FolderGit2;
          return (
            // biome-ignore lint/a11y/useSemanticElements: a card with two lines is no radio input; it acts as one
            <button
              key={name}
              type="button"
              role="radio"
              aria-checked={name === chosen}
              className="option-card"
              onClick={() => setChosen(name)}
            >
              <Icon size={16} strokeWidth={1.75} className="text-muted" />
              <span className="min-w-0">
                <strong className="block clip">{title}</strong>
                <span className="block text-muted clip">{description}</span>
              </span>
            </button>
          );
        })}
      </div>
      <div className="create-line">
        <div className="field flex-1">
          <label htmlFor={nameId}>{fromGit ? t.gitUrl : t.name}</label>
          <input
            id={nameId}
            name="name"
            className="input large"
            placeholder={fromGit ? 'https://…' : t.defaultName}
            autoComplete="off"
            maxLength={fromGit ? 2000 : 100}
            required={fromGit}
          />
        </div>
        <button type="submit" className="button primary large" disabled={busy}>
          {fromGit ? t.importIt : t.createAndOpen} <ArrowRight size={16} />
        </button>
      </div>
    </form>
  );
}
