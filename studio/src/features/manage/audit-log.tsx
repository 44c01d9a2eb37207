import { useInfiniteQuery } from '@tanstack/react-query';
import { ShieldCheck } from 'lucide-react';
import { useState } from 'react';
import { useLanguage, useText } from '../../i18n/language.ts';
import { rpc } from '../../rpc/client.ts';
import type { Result } from '../../rpc/contracts.ts';
import { Field } from '../../ui/field.tsx';
import { formatInstant } from '../../ui/format.ts';
import { PanelError } from '../../ui/panel-boundary.tsx';
import { SkeletonLines } from '../../ui/skeleton.tsx';
import { toastFault } from '../../ui/toasts.tsx';

const eventPattern = /^[A-Za-z0-9_.-]+(\.\*)?$/;

/** Who did what and when, newest first; every line is tied to the one before. */
export function AuditLog() {
  const t = useText('manage');
  const language = useLanguage();
  const [event, setEvent] = useState('');
  const wanted = eventPattern.test(event) ? event : '';
  const list = useInfiniteQuery({
    queryKey: ['audit', wanted],
    queryFn: ({ pageParam }) =>
      rpc.call('audit.list', {
        limit: 100,
        ...(wanted === '' ? {} : { event: wanted }),
        ...(pageParam === null ? {} : { cursor: pageParam }),
      }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.nextCursor,
    placeholderData: (before) => before,
  });
  const entries = list.data?.pages.flatMap((page) => page.entries);
  if (list.error !== null && entries === undefined) {
    return <PanelError error={list.error} retry={() => void list.refetch()} />;
  }
  return (
    <>
      <Verification />
      <section className="card section" aria-label={t('sections.audit')}>
        <div className="section-body">
          <Field
            type="search"
            label={t('findEvent')}
            placeholder="auth.*"
            value={event}
            onChange={(change) => setEvent(change.target.value.trim())}
          />
        </div>
        {entries === undefined ? (
          <SkeletonLines />
        ) : (
          <table className="table">
            <thead>
              <tr>
                <th scope="col">{t('when')}</th>
                <th scope="col">{t('event')}</th>
                <th scope="col">{t('actor')}</th>
                <th scope="col">{t('details')}</th>
              </tr>
            </thead>
            <tbody>
              {entries.map((entry) => (
                <tr key={entry.sequence}>
                  <td className="text-second">{formatInstant(entry.occurredAt, language)}</td>
                  <td>
                    <code>{entry.event}</code>
                  </td>
                  <td className="text-second">
                    <code>{entry.actorId?.slice(0, 8) ?? '–'}</code>
                  </td>
                  <td>
                    <code className="audit-payload clip" title={JSON.stringify(entry.payload, null, 2)}>
                      {JSON.stringify(entry.payload)}
                    </code>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
        {list.hasNextPage && (
          <div className="section-body">
            <button type="button" className="button small" onClick={() => void list.fetchNextPage()}>
              {t('older')}
            </button>
          </div>
        )}
      </section>
    </>
  );
}

function Verification() {
  const t = useText('manage');
  const [report, setReport] = useState<Result<'audit.verify'>>();
  const [busy, setBusy] = useState(false);
  async function verify() {
    setBusy(true);
    await rpc.call('audit.verify', {}).then(setReport, toastFault);
    setBusy(false);
  }
  return (
    <section className="card section" aria-label={t('verify')}>
      <div className="section-body form-line">
        <p className="grow text-second" role="status">
          {report === undefined
            ? t('verifyText')
            : report.ok
              ? t('verified', { count: report.entries })
              : t('notVerified', { count: report.problems.length })}
        </p>
        {report !== undefined && (
          <span className={report.ok ? 'chip success' : 'chip danger'}>
            {report.ok ? t('intact') : t('damaged')}
          </span>
        )}
        <button type="button" className="button" aria-busy={busy} onClick={() => void verify()}>
          <ShieldCheck size={14} /> {t('verify')}
        </button>
      </div>
      {report !== undefined && !report.ok && (
        <ul>
          {report.problems.map((problem) => (
            <li key={`${problem.sequence}-${problem.kind}`} className="check-row">
              <span>{t('entryNumber', { number: problem.sequence })}</span>
              <span className="detail">{t(`problems.${problem.kind}`)}</span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
