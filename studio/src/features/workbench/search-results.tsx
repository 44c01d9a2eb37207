import { ChevronDown, ChevronRight } from 'lucide-react';
import { type KeyboardEvent, useRef, useState } from 'react';
import { useText } from '../../i18n/language.ts';
import { FileIcon } from './file-icon.tsx';
import { type FileHits, type Hit, piecesOf, rowsOf } from './search-model.ts';
import { nameOf, parentOf } from './tree-model.ts';

interface ResultsProps {
  readonly files: readonly FileHits[];
  readonly current: { readonly file: string | undefined; readonly line: number | undefined };
  readonly onShow: (path: string, line: number) => void;
}

/** Hits by file. One tab stop: arrows walk, left and right close and open a file, Enter shows the line. */
export function SearchResults({ files, current, onShow }: ResultsProps) {
  const t = useText('search');
  const host = useRef<HTMLUListElement>(null);
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const [stop, setStop] = useState<string>();
  const rows = rowsOf(files, closed);
  const stopKey = rows.some(({ key }) => key === stop) ? stop : rows[0]?.key;

  function toggle(path: string, close = !closed.has(path)) {
    const next = new Set(closed);
    if (close) next.add(path);
    else next.delete(path);
    setClosed(next);
  }
  function focusRow(key: string | undefined) {
    if (key === undefined) return;
    setStop(key);
    for (const row of host.current?.querySelectorAll<HTMLElement>('[data-row]') ?? []) {
      if (row.dataset.row === key) row.focus();
    }
  }
  function walk(event: KeyboardEvent<HTMLUListElement>) {
    const { row: key } = (event.target as HTMLElement).dataset;
    const at = rows.findIndex((row) => row.key === key);
    const row = rows[at];
    if (row === undefined) return;
    switch (event.key) {
      case 'ArrowDown':
        focusRow(rows[at + 1]?.key);
        break;
      case 'ArrowUp':
        focusRow(rows[at - 1]?.key);
        break;
      case 'Home':
        focusRow(rows[0]?.key);
        break;
      case 'End':
        focusRow(rows.at(-1)?.key);
        break;
      case 'ArrowRight':
        toggle(row.path, false);
        break;
      case 'ArrowLeft':
        if ('hit' in row) focusRow(row.path);
        else toggle(row.path, true);
        break;
      default:
        return;
    }
    event.preventDefault();
  }
  const rowProps = (key: string) => ({
    'data-row': key,
    tabIndex: key === stopKey ? 0 : -1,
    onFocus: () => setStop(key),
  });
  return (
    <ul ref={host} aria-label={t('results')} onKeyDown={walk}>
      {files.map(({ path, hits }) => (
        <li key={path} className="search-file">
          <button
            type="button"
            className="side-link"
            title={path}
            aria-expanded={!closed.has(path)}
            onClick={() => toggle(path)}
            {...rowProps(path)}
          >
            {closed.has(path) ? <ChevronRight size={14} /> : <ChevronDown size={14} />}
            <FileIcon name={nameOf(path)} />
            <span className="clip search-name">{nameOf(path)}</span>
            <span className="text-muted clip grow">{parentOf(path)}</span>
            <span className="count">{hits.length}</span>
          </button>
          {!closed.has(path) && (
            <ul>
              {hits.map((hit) => (
                <li key={hit.line}>
                  <button
                    type="button"
                    className="side-link search-hit"
                    title={hit.symbol ?? undefined}
                    aria-current={current.file === path && current.line === hit.line}
                    onClick={() => onShow(path, hit.line)}
                    {...rowProps(`${path}:${hit.line}`)}
                  >
                    <span className="visually-hidden">{t('line')}</span>
                    <span className="search-line">{hit.line}</span>
                    <HitText hit={hit} />
                  </button>
                </li>
              ))}
            </ul>
          )}
        </li>
      ))}
    </ul>
  );
}

function HitText({ hit }: { hit: Hit }) {
  return (
    <code className="clip grow">
      {piecesOf(hit).map(({ text, isMatch }, index) =>
        isMatch ? (
          // biome-ignore lint/suspicious/noArrayIndexKey: pieces of one line have no other identity
          <mark key={index}>{text}</mark>
        ) : (
          // biome-ignore lint/suspicious/noArrayIndexKey: as above
          <span key={index}>{text}</span>
        ),
      )}
    </code>
  );
}
