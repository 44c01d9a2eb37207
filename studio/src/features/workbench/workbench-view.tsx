import './workbench.css';
import { useQuery } from '@tanstack/react-query';
import { useLocation, useParams } from '@tanstack/react-router';
import { ChevronRight } from 'lucide-react';
import { lazy, Suspense, useEffect, useMemo, useRef, useState } from 'react';
import { useText } from '../../i18n/language.ts';
import { rpc } from '../../rpc/client.ts';
import type { Result } from '../../rpc/contracts.ts';
import { PanelBoundary, PanelError } from '../../ui/panel-boundary.tsx';
import { TerminalPanel } from '../terminal/terminal-panel.tsx';
import { ChangesPanel } from './changes-panel.tsx';
import { FileTree } from './file-tree.tsx';
import { Tabs } from './tabs.tsx';
import { workbenchTexts } from './texts.ts';
import { type Documents, useDocuments } from './use-documents.ts';
import { refreshProject, useFileActions } from './use-file-actions.ts';

const CodeEditor = lazy(async () => ({ default: (await import('./code-editor.tsx')).CodeEditor }));
const ConflictPanel = lazy(async () => ({ default: (await import('./conflict-panel.tsx')).ConflictPanel }));

/** Letters of changed files as the tree shows them: M, A, D, U. */
function gitLettersOf(git: Result<'project.open'>['git'] | undefined): Map<string, string> {
  const letters = new Map<string, string>();
  for (const file of git?.files ?? []) {
    const state = file.worktree === '.' ? file.index : file.worktree;
    letters.set(file.path, state === '?' ? 'U' : state);
  }
  return letters;
}

/** Tells of changes in the workspace that others made: programs in the sandbox, other people, other tabs. */
function useWatchedWorkspace(projectId: string, documents: Documents): void {
  const all = useRef(documents.all);
  all.current = documents.all;
  useEffect(() => {
    const leaving = new AbortController();
    const changed = (paths: ReadonlySet<string> | undefined) => {
      void refreshProject(projectId);
      for (const open of all.current())
        if (paths === undefined || paths.has(open.path)) void open.reload().catch(() => undefined);
    };
    rpc
      .stream(
        'fs.watch',
        { projectId },
        {
          signal: leaving.signal,
          onChunk: ({ changes, overflow }) => {
            if (overflow) changed(undefined);
            else if (changes.length > 0) changed(new Set(changes.map((change) => change.path)));
          },
        },
      )
      .catch(() => undefined);
    return () => leaving.abort();
  }, [projectId]);
}

export function WorkbenchView() {
  const { projectId } = useParams({ from: '/p/$projectId' });
  return <Workbench key={projectId} projectId={projectId} />;
}

function Workbench({ projectId }: { projectId: string }) {
  const t = useText(workbenchTexts);
  const opened = useQuery({
    queryKey: ['project', projectId],
    queryFn: () => rpc.call('project.open', { id: projectId }),
  });
  const documents = useDocuments(projectId);
  const actions = useFileActions(projectId, documents);
  const { hash } = useLocation();
  const [cursor, setCursor] = useState({ line: 1, column: 1 });
  useWatchedWorkspace(projectId, documents);
  const openDocument = documents.open;
  useEffect(() => {
    if (hash !== '') openDocument(decodeURIComponent(hash));
  }, [hash, openDocument]);
  const letters = useMemo(() => gitLettersOf(opened.data?.git), [opened.data]);
  const files = useMemo(() => opened.data?.files.map((file) => file.path) ?? [], [opened.data]);
  if (opened.error !== null) return <PanelError error={opened.error} retry={() => void opened.refetch()} />;
  const editable = opened.data !== undefined && opened.data.project.role !== 'viewer';
  const language = opened.data?.files.find((file) => file.path === documents.active)?.language ?? 'plaintext';
  return (
    <div className="workbench">
      <aside className="sidebar" aria-label={t.sidebar}>
        <FileTree
          files={files}
          folders={opened.data?.folders ?? []}
          gitLetters={letters}
          active={documents.active}
          editable={editable}
          actions={actions}
          onOpen={documents.open}
        />
        <ChangesPanel projectId={projectId} letters={letters} editable={editable} onOpen={documents.open} />
      </aside>
      <section className="editor-region" aria-label={t.editor}>
        <Tabs documents={documents} />
        {documents.active !== undefined && (
          <Breadcrumb path={documents.active} documents={documents} cursor={cursor} />
        )}
        <div className="editor-body">
          <PanelBoundary>
            <Suspense fallback={<EditorSkeleton />}>
              <EditorBody
                documents={documents}
                language={language}
                editable={editable}
                onCursor={(line, column) => setCursor({ line, column })}
              />
            </Suspense>
          </PanelBoundary>
        </div>
        <PanelBoundary>{editable && <TerminalPanel projectId={projectId} />}</PanelBoundary>
      </section>
    </div>
  );
}

interface EditorBodyProps {
  readonly documents: Documents;
  readonly language: string;
  readonly editable: boolean;
  readonly onCursor: (line: number, column: number) => void;
}

function EditorBody({ documents, language, editable, onCursor }: EditorBodyProps) {
  const t = useText(workbenchTexts);
  const { active, document: open } = documents;
  if (active === undefined) return <p className="editor-empty text-muted">{t.nothingOpen}</p>;
  if (documents.isBinary(active)) return <p className="editor-empty text-muted">{t.binary}</p>;
  if (open === undefined) return <EditorSkeleton />;
  if (open.state.kind === 'conflict')
    return <ConflictPanel document={open} theirs={open.state.theirs} language={language} />;
  return (
    <>
      {open.state.kind === 'failed' && <PanelError error={open.state.error} retry={() => void open.save()} />}
      <CodeEditor
        key={open.path}
        document={open}
        language={language}
        label={open.path}
        readOnly={!editable}
        onCursor={onCursor}
      />
    </>
  );
}

function EditorSkeleton() {
  return (
    <div className="grid gap-2 p-4" aria-hidden="true">
      {[60, 40, 75, 30, 55].map((width) => (
        <div key={width} className="skeleton h-[14px]" style={{ width: `${width}%` }} />
      ))}
    </div>
  );
}

function Breadcrumb({
  path,
  documents,
  cursor,
}: {
  path: string;
  documents: Documents;
  cursor: { line: number; column: number };
}) {
  const t = useText(workbenchTexts);
  const state = documents.document?.state.kind;
  const word =
    state === 'waiting'
      ? t.waiting
      : state === 'saving'
        ? t.saving
        : state === 'dirty'
          ? t.unsaved
          : state === 'clean'
            ? t.saved
            : '';
  return (
    <div className="breadcrumb">
      {path.split('/').map((part, index, parts) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a path may repeat a name; its position is its identity
        <span key={index} className={index === parts.length - 1 ? 'text-text' : 'text-muted'}>
          {index > 0 && <ChevronRight size={12} className="inline" />} {part}
        </span>
      ))}
      <span className="flex-1" />
      <span className="text-muted" role="status">
        {word}
      </span>
      <span className="text-muted numbers">{t.line(cursor.line, cursor.column)}</span>
    </div>
  );
}
