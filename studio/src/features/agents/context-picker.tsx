import { Popover } from '@base-ui/react/popover';
import { useQuery } from '@tanstack/react-query';
import { Command } from 'cmdk';
import { AtSign, FileText, Search } from 'lucide-react';
import { useState } from 'react';
import { projectQuery } from '../../app/queries.ts';
import { useText } from '../../i18n/language.ts';
import { matchFiles } from '../../ui/match-files.ts';
import type { Chip } from './draft.ts';

interface PickerProps {
  readonly projectId: string;
  readonly open: boolean;
  readonly onOpenChange: (open: boolean) => void;
  readonly onPick: (chip: Chip) => void;
}

const shown = 8;

/** Finds a file, or words to search for, that a task is to know. */
export function ContextPicker({ projectId, open, onOpenChange, onPick }: PickerProps) {
  const t = useText('agents');
  return (
    <Popover.Root open={open} onOpenChange={onOpenChange}>
      <Popover.Trigger className="chip add-context" title={t('addContext')}>
        <AtSign size={13} /> {t('context')}
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Positioner side="top" align="start" sideOffset={6} className="menu-layer">
          <Popover.Popup className="menu context-menu" aria-label={t('addContext')}>
            <Choices
              projectId={projectId}
              onPick={(chip) => {
                onPick(chip);
                onOpenChange(false);
              }}
            />
          </Popover.Popup>
        </Popover.Positioner>
      </Popover.Portal>
    </Popover.Root>
  );
}

function Choices({ projectId, onPick }: Pick<PickerProps, 'projectId' | 'onPick'>) {
  const t = useText('agents');
  const [query, setQuery] = useState('');
  const files = useQuery(projectQuery(projectId)).data?.files.map(({ path }) => path) ?? [];
  const wanted = query.trim();
  return (
    <Command label={t('addContext')} loop shouldFilter={false}>
      <Command.Input
        className="input"
        placeholder={t('mentionField')}
        aria-label={t('mentionField')}
        value={query}
        onValueChange={setQuery}
        autoFocus
      />
      <Command.List className="context-list" label={t('addContext')}>
        <Command.Empty className="menu-title">{t('mentionNothing')}</Command.Empty>
        {matchFiles(files, wanted)
          .slice(0, shown)
          .map((path) => (
            <Command.Item
              key={path}
              value={`file ${path}`}
              className="menu-item"
              onSelect={() => onPick({ kind: 'file', path })}
            >
              <FileText size={14} />
              <span>{path.slice(path.lastIndexOf('/') + 1)}</span>
              <span className="text-muted clip">{path.slice(0, Math.max(0, path.lastIndexOf('/')))}</span>
            </Command.Item>
          ))}
        {wanted !== '' && (
          <Command.Item
            value={`search ${wanted}`}
            className="menu-item"
            onSelect={() => onPick({ kind: 'search', query: wanted })}
          >
            <Search size={14} /> {t('mentionSearch', { query: wanted })}
          </Command.Item>
        )}
      </Command.List>
    </Command>
  );
}
