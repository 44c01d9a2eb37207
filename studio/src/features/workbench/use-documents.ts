import { useCallback, useEffect, useReducer, useRef, useState } from 'react';
import { rpc } from '../../rpc/client.ts';
import { toastFault } from '../../ui/toasts.tsx';
import { type DocumentServer, OpenDocument } from './document.ts';

/** The open files of one project: tabs that come back after a reload, one document each. */
export interface Documents {
  readonly tabs: readonly string[];
  readonly active: string | undefined;
  readonly document: OpenDocument | undefined;
  readonly isUnsaved: (path: string) => boolean;
  readonly isBinary: (path: string) => boolean;
  readonly open: (path: string) => void;
  readonly close: (path: string) => void;
  readonly moved: (from: string, to: string) => void;
  readonly all: () => Iterable<OpenDocument>;
}

function serverOf(projectId: string): DocumentServer {
  return {
    save: (path, content, ifMatch) => rpc.call('project.file.save', { projectId, path, content, ifMatch }),
    async read(path) {
      const file = await rpc.call('fs.read', { projectId, path, encoding: 'auto' });
      return { content: file.content, etag: file.etag ?? '' };
    },
  };
}

interface StoredTabs {
  readonly tabs: string[];
  readonly active?: string;
}

function readTabs(key: string): StoredTabs {
  try {
    return JSON.parse(localStorage.getItem(key) ?? '{"tabs":[]}') as StoredTabs;
  } catch {
    return { tabs: [] };
  }
}

export function useDocuments(projectId: string): Documents {
  const key = `cds.tabs.${projectId}`;
  const [tabs, setTabs] = useState(() => readTabs(key).tabs);
  const [active, setActive] = useState(() => readTabs(key).active);
  const [, changed] = useReducer((count: number) => count + 1, 0);
  const documents = useRef(new Map<string, OpenDocument>());
  const binary = useRef(new Set<string>());

  useEffect(() => {
    localStorage.setItem(key, JSON.stringify({ tabs, ...(active === undefined ? {} : { active }) }));
  }, [key, tabs, active]);

  const load = useCallback(
    async (path: string) => {
      if (documents.current.has(path) || binary.current.has(path)) return;
      try {
        const file = await rpc.call('fs.read', { projectId, path, encoding: 'auto' });
        if (file.encoding === 'base64') binary.current.add(path);
        else {
          const server = serverOf(projectId);
          const open = new OpenDocument({
            path,
            content: file.content,
            etag: file.etag ?? '',
            server,
            onChange: changed,
          });
          documents.current.set(path, open);
        }
        changed();
      } catch (error) {
        setTabs((before) => before.filter((tab) => tab !== path));
        toastFault(error);
      }
    },
    [projectId],
  );

  useEffect(() => {
    if (active !== undefined) void load(active);
  }, [active, load]);

  useEffect(() => {
    const beforeUnload = (event: BeforeUnloadEvent) => {
      const unsaved = [...documents.current.values()].filter((open) => open.unsaved);
      for (const open of unsaved) void open.save();
      if (unsaved.length > 0) event.preventDefault();
    };
    addEventListener('beforeunload', beforeUnload);
    return () => {
      removeEventListener('beforeunload', beforeUnload);
      for (const open of documents.current.values()) {
        void open.save();
        open.close();
      }
    };
  }, []);

  const open = useCallback((path: string) => {
    setTabs((before) => (before.includes(path) ? before : [...before, path]));
    setActive(path);
  }, []);

  const close = useCallback((path: string) => {
    const document = documents.current.get(path);
    void document?.save();
    document?.close();
    documents.current.delete(path);
    binary.current.delete(path);
    setTabs((before) => {
      const left = before.filter((tab) => tab !== path);
      setActive((current) => (current === path ? left[Math.max(0, before.indexOf(path) - 1)] : current));
      return left;
    });
  }, []);

  return {
    tabs,
    active,
    document: active === undefined ? undefined : documents.current.get(active),
    isUnsaved: (path) => documents.current.get(path)?.unsaved === true,
    isBinary: (path) => binary.current.has(path),
    open,
    close,
    moved(from, to) {
      const affected = tabs.filter((tab) => tab === from || tab.startsWith(`${from}/`));
      for (const tab of affected) {
        close(tab);
        open(to + tab.slice(from.length));
      }
    },
    all: () => documents.current.values(),
  };
}
