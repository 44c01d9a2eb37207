import { Bot, ChevronRight, FileDiff, FileX } from 'lucide-react';
import { lazy, type ReactNode, Suspense } from 'react';
import { useLanguage, useText } from '../../i18n/language.ts';
import { formatBytes } from '../../ui/format.ts';
import { PanelBoundary, PanelError } from '../../ui/panel-boundary.tsx';
import { SkeletonLines } from '../../ui/skeleton.tsx';
import type { OpenProposal } from '../agents/agent-queries.ts';
import type { Comparison } from './comparison.ts';
import type { OpenDocument } from './document.ts';
import type { DocumentStore, TabContent } from './document-store.ts';
import { ProposalBar } from './proposal-bar.tsx';

const CodeEditor = lazy(async () => ({ default: (await import('./code-editor.tsx')).CodeEditor }));
const ComparePanel = lazy(async () => ({ default: (await import('./compare-panel.tsx')).ComparePanel }));
const conflict = () => import('./conflict-panel.tsx');
const ConflictPanel = lazy(async () => ({ default: (await conflict()).ConflictPanel }));
const GonePanel = lazy(async () => ({ default: (await conflict()).GonePanel }));

interface AreaProps {
  readonly documents: DocumentStore;
  readonly path: string;
  /** What agents propose to change in this file. */
  readonly proposals: readonly OpenProposal[];
  /** Shows a task's change of this file. */
  readonly onReview: (taskId: string) => void;
  readonly line: number | undefined;
  readonly language: string;
  readonly editable: boolean;
  readonly comparison: Comparison | undefined;
  readonly onCompare: (compare: 'head' | undefined) => void;
  readonly onClose: () => void;
  /** Undefined where the user may not give tasks. */
  readonly onAsk: (() => void) | undefined;
}

/** What is shown of the active tab: text, a comparison, a conflict, or why there is nothing to show. */
export function EditorArea(props: AreaProps) {
  const { documents, path, comparison, language, editable } = props;
  const content = documents.content(path);
  return (
    <>
      <Breadcrumb
        path={path}
        state={content.kind === 'text' ? content.document.state.kind : undefined}
        comparing={comparison !== undefined}
        onCompare={() => props.onCompare(comparison === undefined ? 'head' : undefined)}
        onAsk={props.onAsk}
      />
      <div className="editor-body">
        <PanelBoundary key={path}>
          <Suspense fallback={<SkeletonLines />}>
            {comparison === undefined ? (
              <Content {...props} content={content} />
            ) : (
              <ComparePanel
                projectId={documents.projectId}
                path={path}
                comparison={comparison}
                language={language}
                editable={editable}
                onClose={() => props.onCompare(undefined)}
              />
            )}
          </Suspense>
        </PanelBoundary>
      </div>
    </>
  );
}

function Content(props: AreaProps & { readonly content: TabContent }): ReactNode {
  const { content, documents, path, proposals, language, editable, line, onClose } = props;
  switch (content.kind) {
    case 'loading':
      return <SkeletonLines />;
    case 'failed':
      return <PanelError error={content.error} retry={() => documents.retry(path)} />;
    case 'binary':
      return <BinaryFile path={path} sizeBytes={content.sizeBytes} base64={content.base64} />;
    case 'text': {
      const { document } = content;
      const { state } = document;
      if (state.kind === 'conflict') {
        return <ConflictPanel document={document} theirs={state.theirs} language={language} />;
      }
      return (
        <>
          {state.kind === 'failed' && <PanelError error={state.error} retry={() => void document.save()} />}
          {state.kind === 'gone' && <GonePanel document={document} onClose={onClose} />}
          <ProposalBar proposals={proposals} onReview={props.onReview} />
          <CodeEditor
            proposals={proposals}
            onReview={props.onReview}
            document={document}
            projectId={documents.projectId}
            language={language}
            label={path}
            readOnly={!editable}
            line={line}
            onAsk={props.onAsk}
          />
        </>
      );
    }
  }
}

const pictures: Readonly<Record<string, string>> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
  avif: 'image/avif',
  ico: 'image/x-icon',
};

function BinaryFile({ path, sizeBytes, base64 }: { path: string; sizeBytes: number; base64: string }) {
  const t = useText('workbench');
  const language = useLanguage();
  const type = pictures[path.slice(path.lastIndexOf('.') + 1).toLowerCase()];
  return (
    <div className="empty grow">
      {type === undefined ? (
        <FileX size={24} />
      ) : (
        <img src={`data:${type};base64,${base64}`} alt={path} className="picture" />
      )}
      <strong>{type === undefined ? t('binaryTitle') : path}</strong>
      <span>{t('binaryText', { size: formatBytes(sizeBytes, language) })}</span>
    </div>
  );
}

interface BreadcrumbProps {
  readonly path: string;
  readonly state: OpenDocument['state']['kind'] | undefined;
  readonly comparing: boolean;
  readonly onCompare: () => void;
  readonly onAsk: (() => void) | undefined;
}

function Breadcrumb({ path, state, comparing, onCompare, onAsk }: BreadcrumbProps) {
  const t = useText('workbench');
  const agents = useText('agents');
  const parts = path.split('/');
  return (
    <div className="breadcrumb">
      {parts.map((part, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a path may repeat a name; its position is its identity
        <span key={index} className={index === parts.length - 1 ? 'last clip' : 'clip'}>
          {index > 0 && <ChevronRight size={12} />}
          {part}
        </span>
      ))}
      <span className="grow" />
      <span role="status" className={state === 'waiting' ? 'tone-warning' : ''}>
        {state !== undefined && t(`state.${state}`)}
      </span>
      {onAsk !== undefined && (
        <button
          type="button"
          className="icon-button small"
          aria-label={agents('askFile')}
          title={`${agents('askFile')} (${t('controlKey')} I)`}
          onClick={onAsk}
        >
          <Bot size={14} />
        </button>
      )}
      <button
        type="button"
        className="icon-button small"
        aria-label={t('compareWithCommit')}
        title={t('compareWithCommit')}
        aria-pressed={comparing}
        onClick={onCompare}
      >
        <FileDiff size={14} />
      </button>
    </div>
  );
}
