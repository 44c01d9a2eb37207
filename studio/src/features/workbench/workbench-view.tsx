import './workbench.css';
import './editor.css';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { FileCode } from 'lucide-react';
import { lazy, Suspense, useCallback, useEffect, useMemo, useState } from 'react';
import { projectQuery } from '../../app/queries.ts';
import { parseWorkbenchSearch, searchPart, type WorkbenchSearch } from '../../app/workbench-search.ts';
import { useText } from '../../i18n/language.ts';
import { agentsBounds, bottomBounds, changeLayout, sidebarBounds, useLayout } from '../../ui/layout.ts';
import { useMedium, usePhone } from '../../ui/media.ts';
import { PanelBoundary, PanelError } from '../../ui/panel-boundary.tsx';
import { Resizer } from '../../ui/resizer.tsx';
import { SkeletonLines } from '../../ui/skeleton.tsx';
import { useStore } from '../../ui/store.ts';
import type { OpenProposal } from '../agents/agent-queries.ts';
import { prepareAsk } from '../agents/ask.ts';
import { TerminalPanel } from '../terminal/terminal-panel.tsx';
import { parseComparison } from './comparison.ts';
import { type DocumentStore, documentsOf, guardUnsavedText } from './document-store.ts';
import { EditorArea } from './editor-area.tsx';
import { EditorTabs } from './editor-tabs.tsx';
import { createFileActions } from './file-actions.ts';
import { FileTree } from './file-tree.tsx';
import { gitLetters } from './git-letters.ts';
import { type Proposals, useProposals } from './proposals.ts';
import type { Wanted } from './search-panel.tsx';
import { useTree } from './use-tree.ts';
import { useWatch } from './use-watch.ts';

// The files are there first; the other sides come when they are asked for.
const ChangesPanel = lazy(async () => ({ default: (await import('./changes-panel.tsx')).ChangesPanel }));
const HistoryPanel = lazy(async () => ({ default: (await import('./history-panel.tsx')).HistoryPanel }));
const SearchPanel = lazy(async () => ({ default: (await import('./search-panel.tsx')).SearchPanel }));
const AgentPanel = lazy(async () => ({ default: (await import('../agents/agent-panel.tsx')).AgentPanel }));

export function WorkbenchView() {
  const { projectId } = useParams({ from: '/shell/p/$projectId' });
  const documents = useMemo(() => documentsOf(projectId), [projectId]);
  return <Workbench key={projectId} documents={documents} />;
}

const none: readonly OpenProposal[] = [];

type Go = (search: WorkbenchSearch, options?: { replace?: boolean }) => void;

/** The address says which file is shown; tabs and address follow one another. */
function useAddress(documents: DocumentStore): { search: WorkbenchSearch; go: Go } {
  const raw = useSearch({ strict: false });
  const search = useMemo(() => parseWorkbenchSearch(raw), [raw]);
  const navigate = useNavigate();
  const phone = usePhone();
  const { projectId } = documents;
  const go = useCallback<Go>(
    (next, options) =>
      void navigate({ to: '/p/$projectId', params: { projectId }, search: next, ...options }),
    [navigate, projectId],
  );
  const { file } = search;
  useEffect(() => {
    if (file !== undefined) documents.open(file);
    else if (documents.active !== undefined && !phone)
      go({ ...search, file: documents.active }, { replace: true });
  }, [documents, file, phone, go, search]);
  const { active, tabs } = documents;
  useEffect(() => {
    // Closed, renamed or deleted: the address follows to the tab that is shown now.
    if (file === undefined || tabs.includes(file) || documents.tabs.includes(file)) return;
    const { file: _file, compare: _compare, line: _line, ...rest } = search;
    go(active === undefined ? rest : { ...rest, file: active }, { replace: true });
  }, [documents, active, tabs, file, search, go]);
  return { search, go };
}

function Workbench({ documents }: { documents: DocumentStore }) {
  const t = useText('workbench');
  const { projectId } = documents;
  const opened = useQuery(projectQuery(projectId));
  useStore(documents.version);
  const { search, go } = useAddress(documents);
  const layout = useLayout();
  const phone = usePhone();
  useWatch(documents);
  useEffect(guardUnsavedText, []);
  const navigate = useNavigate();
  const narrow = useMedium();
  const [task, setTask] = useState<string>();
  const proposals = useProposals(projectId);

  const beside = { ...searchPart(search), side: search.side ?? 'files' } as const;
  const show = (path: string, line?: number) =>
    go({ ...beside, file: path, ...(line === undefined ? {} : { line }) });
  const close = (path: string) => documents.close(path);
  const compare = (path: string, comparison: string) => go({ ...beside, file: path, compare: comparison });

  const review = (taskId: string, path?: string) =>
    void navigate({
      to: '/p/$projectId/agents/$taskId',
      params: { projectId, taskId },
      search: { view: 'changes', ...(path === undefined ? {} : { file: path }) },
    });

  const askAgent = () => {
    prepareAsk(projectId, search.file);
    if (phone || narrow) void navigate({ to: '/p/$projectId/agents', params: { projectId } });
    else changeLayout({ agentsOpen: true });
  };

  if (opened.error !== null && opened.data === undefined) {
    return <PanelError error={opened.error} retry={() => void opened.refetch()} />;
  }
  const { file } = search;
  const editable = opened.data !== undefined && opened.data.project.role !== 'viewer';
  const language = opened.data?.files.find((known) => known.path === file)?.language ?? 'plaintext';
  const showsSide = phone ? file === undefined && search.panel === undefined : layout.sidebarOpen;
  const showsEditor = phone ? file !== undefined && search.panel === undefined : true;
  const showsBottom = editable && (phone ? search.panel === 'terminal' : true);
  return (
    <div className="workbench" style={{ ['--sidebar' as string]: `${layout.sidebarWidthPx}px` }}>
      {showsSide && (
        <>
          <aside className="sidebar" aria-label={t('sidebar')} data-region="sidebar">
            <PanelBoundary key={search.side ?? 'files'}>
              <Suspense fallback={<SkeletonLines />}>
                <Sidebar
                  documents={documents}
                  proposals={proposals}
                  opened={opened.data}
                  search={search}
                  editable={editable}
                  onShow={show}
                  onCompare={compare}
                  onSearch={(wanted) => {
                    const { q: _q, match: _match, case: _case, ...rest } = search;
                    go({ ...rest, ...wanted }, { replace: true });
                  }}
                />
              </Suspense>
            </PanelBoundary>
          </aside>
          {!phone && (
            <Resizer
              label={t('sidebarWidth')}
              orientation="vertical"
              value={layout.sidebarWidthPx}
              bounds={sidebarBounds}
              onChange={(sidebarWidthPx) => changeLayout({ sidebarWidthPx })}
            />
          )}
        </>
      )}
      <div className="editor-column">
        {showsEditor && (
          <section className="editor-region" aria-label={t('editor')} data-region="editor">
            <EditorTabs documents={documents} proposals={proposals} onOpen={show} onClose={close} />
            {file === undefined ? (
              <div className="empty grow">
                <FileCode size={24} />
                <strong>{t('nothingOpenTitle')}</strong>
                <span>{t('nothingOpen')}</span>
              </div>
            ) : (
              <EditorArea
                documents={documents}
                path={file}
                proposals={proposals.files.get(file) ?? none}
                onReview={(taskId) => review(taskId, file)}
                line={search.line}
                language={language}
                editable={editable}
                comparison={parseComparison(search.compare)}
                onCompare={(next) => {
                  const { compare: _compare, ...rest } = search;
                  go(next === undefined ? rest : { ...rest, compare: next });
                }}
                onClose={() => close(file)}
                onAsk={editable ? askAgent : undefined}
              />
            )}
          </section>
        )}
        {showsBottom && (
          <>
            {layout.bottomOpen && !phone && (
              <Resizer
                label={t('bottomHeight')}
                orientation="horizontal"
                reversed
                value={layout.bottomHeightPx}
                bounds={bottomBounds}
                onChange={(bottomHeightPx) => changeLayout({ bottomHeightPx })}
              />
            )}
            <PanelBoundary>
              <TerminalPanel projectId={projectId} />
            </PanelBoundary>
          </>
        )}
      </div>
      {layout.agentsOpen && !narrow && (
        <>
          <Resizer
            label={t('agentsWidth')}
            orientation="vertical"
            reversed
            value={layout.agentsWidthPx}
            bounds={agentsBounds}
            onChange={(agentsWidthPx) => changeLayout({ agentsWidthPx })}
          />
          <aside
            className="workbench-agents"
            style={{ width: layout.agentsWidthPx }}
            aria-label={t('agents')}
            data-region="agents"
          >
            <PanelBoundary>
              <Suspense fallback={<SkeletonLines />}>
                <AgentPanel
                  projectId={projectId}
                  taskId={task}
                  editable={editable}
                  currentFile={file}
                  onTask={setTask}
                  onReview={review}
                  onClose={() => changeLayout({ agentsOpen: false })}
                />
              </Suspense>
            </PanelBoundary>
          </aside>
        </>
      )}
    </div>
  );
}

interface SidebarProps {
  readonly documents: DocumentStore;
  readonly proposals: Proposals;
  readonly opened: Parameters<typeof useTree>[1];
  readonly search: WorkbenchSearch;
  readonly editable: boolean;
  readonly onShow: (path: string, line?: number) => void;
  readonly onCompare: (path: string, comparison: string) => void;
  readonly onSearch: (wanted: Wanted) => void;
}

function Sidebar(props: SidebarProps) {
  const { documents, opened, search, editable, onShow, onCompare } = props;
  const tree = useTree(documents.projectId, opened, search.file);
  const letters = useMemo(() => gitLetters(opened?.git), [opened?.git]);
  const actions = createFileActions(documents, onShow);
  if (opened === undefined) return <SkeletonLines widths={[62, 88, 74, 40, 55]} />;
  switch (search.side) {
    case 'search':
      return (
        <SearchPanel
          projectId={documents.projectId}
          wanted={searchPart(search)}
          current={{ file: search.file, line: search.line }}
          onSearch={props.onSearch}
          onShow={onShow}
        />
      );
    case 'changes':
      return (
        <ChangesPanel
          documents={documents}
          letters={letters}
          editable={editable}
          current={search.compare === 'head' ? search.file : undefined}
          onCompare={(path) => onCompare(path, 'head')}
        />
      );
    case 'history':
      return (
        <HistoryPanel
          projectId={documents.projectId}
          file={search.file}
          compare={search.compare}
          onCompare={onCompare}
        />
      );
    default:
      return (
        <FileTree
          tree={tree}
          letters={letters}
          proposals={props.proposals}
          active={search.file}
          editable={editable}
          actions={actions}
          onOpen={onShow}
        />
      );
  }
}
