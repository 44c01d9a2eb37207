import './search.css';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { CaseSensitive, SearchX } from 'lucide-react';
import { useEffect, useId, useMemo, useRef, useState } from 'react';
import { searchRequests } from '../../app/search-request.ts';
import type { SearchMatch, WorkbenchSearch } from '../../app/workbench-search.ts';
import { useText } from '../../i18n/language.ts';
import { rpc } from '../../rpc/client.ts';
import { PanelError } from '../../ui/panel-boundary.tsx';
import { SkeletonLines } from '../../ui/skeleton.tsx';
import { useStore } from '../../ui/store.ts';
import { type FileHits, groupHits, type SearchAnswer } from './search-model.ts';
import { SearchResults } from './search-results.tsx';

/** What is looked for, as it stands in the address. */
export type Wanted = Pick<WorkbenchSearch, 'q' | 'match' | 'case'>;

interface SearchProps {
  readonly projectId: string;
  readonly wanted: Wanted;
  /** The line that is shown now. */
  readonly current: { readonly file: string | undefined; readonly line: number | undefined };
  readonly onSearch: (wanted: Wanted) => void;
  readonly onShow: (path: string, line: number) => void;
}

const mostHits = 500;
const modes = { exact: 'exact', regex: 'regex', near: 'hybrid' } as const;

/** Finds text in all files of the project: what was asked, and where it stands. */
export function SearchPanel({ projectId, wanted, current, onSearch, onShow }: SearchProps) {
  const t = useText('search');
  const { q = '', match = 'exact', case: caseSensitive = false } = wanted;
  const answer = useQuery({
    queryKey: ['project', projectId, 'search', q, match, caseSensitive],
    queryFn: () =>
      rpc.call('search.code', {
        projectId,
        query: q,
        mode: modes[match],
        caseSensitive,
        limit: mostHits,
        contextLines: 0,
      }),
    enabled: q !== '',
    placeholderData: keepPreviousData,
    // While the index is made, an answer by words or meaning is not the last one.
    refetchInterval: ({ state }) =>
      match === 'near' && state.data?.index.state === 'indexing' ? 2_000 : false,
  });
  const list = useRef<HTMLDivElement>(null);
  const files = useMemo(() => groupHits(answer.data?.results ?? []), [answer.data]);
  return (
    <section className="search" aria-label={t('search')}>
      <header className="region-head">
        <h2>{t('search')}</h2>
      </header>
      <SearchForm
        projectId={projectId}
        wanted={wanted}
        onSearch={onSearch}
        onDown={() => list.current?.querySelector<HTMLElement>('[data-row][tabindex="0"]')?.focus()}
      />
      {q === '' ? (
        <p className="history-note">{t('start')}</p>
      ) : answer.error !== null ? (
        <PanelError error={answer.error} retry={() => void answer.refetch()} />
      ) : answer.data === undefined ? (
        <SkeletonLines widths={[48, 84, 76, 52, 88]} />
      ) : (
        <>
          <Summary answer={answer.data} files={files} near={match === 'near'} />
          {files.length === 0 ? (
            <div className="empty">
              <SearchX size={24} />
              <strong>{t('nothingTitle')}</strong>
              <span>{t('nothing')}</span>
            </div>
          ) : (
            <div ref={list} className="search-list" aria-busy={answer.isPlaceholderData}>
              <SearchResults key={`${q}\n${match}`} files={files} current={current} onShow={onShow} />
            </div>
          )}
        </>
      )}
    </section>
  );
}

interface SummaryProps {
  readonly answer: SearchAnswer;
  readonly files: readonly FileHits[];
  readonly near: boolean;
}

function Summary({ answer, files, near }: SummaryProps) {
  const t = useText('search');
  const { index, truncated } = answer;
  const count = files.reduce((sum, { hits }) => sum + hits.length, 0);
  return (
    <div className="search-summary" role="status">
      {count > 0 && (
        <span>
          {t('hits', { count })} {t('inFiles', { count: files.length })}
          {truncated && <> · {t('truncated')}</>}
        </span>
      )}
      {near && index.state === 'indexing' && <span>{t('indexing', { count: index.pending })}</span>}
      {near && index.embeddingModel === null && <span>{t('byWordsOnly')}</span>}
    </div>
  );
}

const pauseMs = 250;

interface FormProps {
  readonly projectId: string;
  readonly wanted: Wanted;
  readonly onSearch: (wanted: Wanted) => void;
  /** Arrow down in the field. */
  readonly onDown: () => void;
}

function SearchForm({ projectId, wanted, onSearch, onDown }: FormProps) {
  const t = useText('search');
  const fieldId = useId();
  const field = useRef<HTMLInputElement>(null);
  const [text, setText] = useState(wanted.q ?? '');
  const sent = useRef(wanted.q ?? '');
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const requests = useStore(searchRequests);
  const status = useQuery({
    queryKey: ['project', projectId, 'search-status'],
    queryFn: () => rpc.call('search.status', { projectId }),
    staleTime: 60_000,
  });

  // The address went elsewhere: back, forward, or a link.
  useEffect(() => {
    const asked = wanted.q ?? '';
    if (asked === sent.current) return;
    sent.current = asked;
    clearTimeout(timer.current);
    setText(asked);
  }, [wanted.q]);
  useEffect(() => () => clearTimeout(timer.current), []);
  useEffect(() => {
    if (requests === 0 && field.current?.value !== '') return;
    field.current?.focus();
    field.current?.select();
  }, [requests]);

  function ask(next: Wanted) {
    clearTimeout(timer.current);
    sent.current = next.q ?? '';
    onSearch(next);
  }
  const withText = (q: string): Wanted => {
    const { q: _before, ...rest } = wanted;
    return q === '' ? rest : { ...rest, q };
  };
  const withMatch = (match: SearchMatch): Wanted => {
    const { match: _before, ...rest } = withText(text);
    return match === 'exact' ? rest : { ...rest, match };
  };
  const toggleCase = (): Wanted => {
    const { case: before, ...rest } = withText(text);
    return before === true ? rest : { ...rest, case: true };
  };
  const hasMeaning = status.data !== undefined && status.data.embeddingModel !== null;
  const match = wanted.match ?? 'exact';
  const choices = { exact: t('exact'), regex: t('regex'), near: hasMeaning ? t('meaning') : t('words') };
  return (
    <search className="search-form">
      <div className="search-field">
        <label htmlFor={fieldId} className="visually-hidden">
          {t('field')}
        </label>
        <input
          ref={field}
          id={fieldId}
          type="search"
          className="input"
          placeholder={t('field')}
          value={text}
          maxLength={1_000}
          autoComplete="off"
          autoCapitalize="off"
          spellCheck={false}
          onChange={({ target }) => {
            setText(target.value);
            clearTimeout(timer.current);
            timer.current = setTimeout(() => ask(withText(target.value)), pauseMs);
          }}
          onKeyDown={(event) => {
            if (event.key === 'Enter') ask(withText(text));
            else if (event.key === 'ArrowDown') onDown();
            else return;
            event.preventDefault();
          }}
        />
        <button
          type="button"
          className="icon-button"
          aria-pressed={wanted.case === true}
          aria-label={t('case')}
          title={t('case')}
          onClick={() => ask(toggleCase())}
        >
          <CaseSensitive size={16} />
        </button>
      </div>
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset brings a legend and borders that three buttons don't need */}
      <div className="search-modes" role="group" aria-label={t('how')}>
        {(Object.keys(choices) as SearchMatch[]).map((name) => (
          <button
            key={name}
            type="button"
            className="chip"
            aria-pressed={match === name}
            onClick={() => ask(withMatch(name))}
          >
            {choices[name]}
          </button>
        ))}
      </div>
    </search>
  );
}
