import { Dialog } from '@base-ui/react/dialog';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useParams } from '@tanstack/react-router';
import { Command } from 'cmdk';
import { FileText, Folder, Play, TerminalSquare } from 'lucide-react';
import { setLanguage, useLanguage, useText } from '../i18n/language.ts';
import { rpc } from '../rpc/client.ts';
import { toggleTheme } from '../ui/theme.ts';
import { shellTexts } from './texts.ts';

/** Ctrl K: files of the open project, commands, projects. */
export function CommandPalette(props: { open: boolean; onOpenChange: (open: boolean) => void }) {
  const t = useText(shellTexts);
  return (
    <Dialog.Root open={props.open} onOpenChange={props.onOpenChange}>
      <Dialog.Portal>
        <Dialog.Backdrop className="dialog-backdrop" />
        <Dialog.Popup className="palette" aria-label={t.commands}>
          <PaletteContent close={() => props.onOpenChange(false)} />
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function PaletteContent({ close }: { close: () => void }) {
  const t = useText(shellTexts);
  const language = useLanguage();
  const navigate = useNavigate();
  const { projectId } = useParams({ strict: false });
  const projects = useQuery({ queryKey: ['projects'], queryFn: () => rpc.call('project.list', {}) }).data;
  const open = useQuery({
    queryKey: ['project', projectId],
    queryFn: () => rpc.call('project.open', { id: projectId ?? '' }),
    enabled: projectId !== undefined,
  }).data;
  const act = (run: () => unknown) => () => {
    close();
    run();
  };
  return (
    <Command label={t.commands} loop>
      <Command.Input className="palette-input" placeholder={t.search} autoFocus />
      <Command.List className="palette-list">
        <Command.Empty className="palette-empty">{t.noMatch}</Command.Empty>
        {projectId !== undefined && (
          <Command.Group heading={t.files}>
            {open?.files.slice(0, 500).map((file) => (
              <Command.Item
                key={file.path}
                value={file.path}
                className="menu-item"
                onSelect={act(() =>
                  navigate({ to: '/p/$projectId', params: { projectId }, hash: file.path }),
                )}
              >
                <FileText size={14} /> {file.path}
              </Command.Item>
            ))}
          </Command.Group>
        )}
        <Command.Group heading={t.commands}>
          {projectId !== undefined && (
            <Command.Item
              className="menu-item"
              onSelect={act(() => navigate({ to: '/p/$projectId/run', params: { projectId } }))}
            >
              <Play size={14} /> {t.run}
            </Command.Item>
          )}
          <Command.Item className="menu-item" onSelect={act(toggleTheme)}>
            <TerminalSquare size={14} /> {t.theme}
          </Command.Item>
          <Command.Item
            className="menu-item"
            onSelect={act(() => setLanguage(language === 'de' ? 'en' : 'de'))}
          >
            <TerminalSquare size={14} /> {t.language}
          </Command.Item>
        </Command.Group>
        <Command.Group heading={t.projects}>
          {projects?.projects.map((project) => (
            <Command.Item
              key={project.id}
              value={t.openProject(project.name)}
              className="menu-item"
              onSelect={act(() => navigate({ to: '/p/$projectId', params: { projectId: project.id } }))}
            >
              <Folder size={14} /> {t.openProject(project.name)}
            </Command.Item>
          ))}
        </Command.Group>
      </Command.List>
    </Command>
  );
}
