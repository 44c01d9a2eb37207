import { useQuery } from '@tanstack/react-query';
import { useCallback, useEffect, useMemo, useState } from 'react';
import { rpc } from '../../rpc/client.ts';
import type { Result } from '../../rpc/contracts.ts';
import { readStored, writeStored } from '../../ui/local-storage.ts';
import { toastFault } from '../../ui/toasts.tsx';
import { ignoreRules } from './ignore-rules.ts';
import { ancestorsOf, type TreeRow, treeRows } from './tree-model.ts';

type Opened = Result<'project.open'>;
type Entry = Result<'fs.list'>['entries'][number];

const neverEntered: (path: string, kind: 'file' | 'folder') => boolean = (path) =>
  /(?:^|\/)node_modules(?:\/|$)/.test(path);

/** What .gitignore leaves out is shown muted. */
function useIgnored(projectId: string, opened: Opened | undefined) {
  const stamp = opened?.files.find((file) => file.path === '.gitignore')?.modifiedAt;
  const text = useQuery({
    queryKey: ['project', projectId, 'ignore', stamp],
    queryFn: async () => (await rpc.call('fs.read', { projectId, path: '.gitignore' })).content,
    enabled: stamp !== undefined,
    staleTime: Number.POSITIVE_INFINITY,
  }).data;
  return useMemo(() => {
    if (text === undefined) return neverEntered;
    const rules = ignoreRules(text);
    return (path: string, kind: 'file' | 'folder') => neverEntered(path, kind) || rules(path, kind);
  }, [text]);
}

export interface Tree {
  readonly rows: readonly TreeRow[];
  readonly taken: ReadonlySet<string>;
  readonly ignored: (path: string, kind: 'file' | 'folder') => boolean;
  toggle(path: string, wanted?: boolean): void;
  collapseAll(): void;
}

/** The tree's rows, what is open, and the content of folders that are not listed with the project. */
export function useTree(projectId: string, opened: Opened | undefined, active: string | undefined): Tree {
  const key = `cds.tree.${projectId}`;
  const [open, setOpen] = useState<ReadonlySet<string>>(() => new Set(readStored<string[]>(key) ?? ['src']));
  const [extra, setExtra] = useState<ReadonlyMap<string, readonly Entry[]>>(new Map());
  const ignored = useIgnored(projectId, opened);

  useEffect(() => {
    writeStored(key, [...open]);
  }, [key, open]);

  // The file that is shown is also shown in the tree.
  useEffect(() => {
    if (active === undefined) return;
    setOpen((before) => {
      const missing = ancestorsOf(active).filter((folder) => !before.has(folder));
      return missing.length === 0 ? before : new Set([...before, ...missing]);
    });
  }, [active]);

  const entries = useMemo(() => [...extra.values()].flat(), [extra]);
  const files = useMemo(
    () => [
      ...(opened?.files.map((file) => file.path) ?? []),
      ...entries.filter((entry) => entry.kind !== 'folder').map((entry) => entry.path),
    ],
    [opened, entries],
  );
  const folders = useMemo(
    () => [
      ...(opened?.folders ?? []),
      ...entries.filter((entry) => entry.kind === 'folder').map((entry) => entry.path),
    ],
    [opened, entries],
  );
  const rows = useMemo(() => treeRows({ files, folders, open }), [files, folders, open]);
  const taken = useMemo(() => new Set([...files, ...folders]), [files, folders]);
  const unlisted = useMemo(() => new Set(folders), [folders]);

  const toggle = useCallback(
    (path: string, wanted?: boolean) => {
      setOpen((before) => {
        const next = new Set(before);
        if (wanted ?? !next.has(path)) next.add(path);
        else next.delete(path);
        return next;
      });
      if (!unlisted.has(path)) return;
      rpc
        .call('fs.list', { projectId, path, limit: 2_000 })
        .then((list) => setExtra((before) => new Map(before).set(path, list.entries)), toastFault);
    },
    [projectId, unlisted],
  );
  const collapseAll = useCallback(() => setOpen(new Set<string>()), []);
  return { rows, taken, ignored, toggle, collapseAll };
}
