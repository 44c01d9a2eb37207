import { useQuery } from '@tanstack/react-query';
import { useLanguage, useText } from '../../i18n/language.ts';
import { rpc } from '../../rpc/client.ts';
import { formatBytes, formatInstant } from '../../ui/format.ts';
import { PanelError } from '../../ui/panel-boundary.tsx';
import { SkeletonLines } from '../../ui/skeleton.tsx';

/** Tokens that are left, storage that is used, and every change of the balance. */
export function UsageSection() {
  const t = useText('account');
  const language = useLanguage();
  const usage = useQuery({ queryKey: ['usage'], queryFn: () => rpc.call('usage.me', {}) });
  const storage = useQuery({ queryKey: ['storage'], queryFn: () => rpc.call('project.usage', {}) }).data;
  const history = useQuery({
    queryKey: ['ledger.history'],
    queryFn: () => rpc.call('ledger.history', {}),
  }).data;
  if (usage.data === undefined) {
    if (usage.error === null) return <SkeletonLines />;
    return <PanelError error={usage.error} retry={() => void usage.refetch()} />;
  }
  const number = (value: number) => value.toLocaleString(language);
  const { balance, total } = usage.data;
  return (
    <>
      <dl className="figures card">
        <Figure name={t('tokensLeft')} value={number(balance.tokens)} />
        <Figure name={t('tokensHeld')} value={number(balance.heldTokens)} />
        <Figure name={t('tokensUsed')} value={number(total.chargedTokens)} />
        <Figure name={t('requests')} value={number(total.requests)} />
      </dl>
      {storage !== undefined && (
        <section className="card section" aria-label={t('storage')}>
          <div className="section-body">
            <Share
              name={t('storage')}
              text={`${formatBytes(storage.bytes, language)} / ${formatBytes(storage.limitBytes, language)}`}
              part={storage.bytes / storage.limitBytes}
            />
            <Share
              name={t('files')}
              text={`${number(storage.files)} / ${number(storage.limitFiles)}`}
              part={storage.files / storage.limitFiles}
            />
          </div>
        </section>
      )}
      <section className="card section" aria-labelledby="history-title">
        <header>
          <h2 id="history-title">{t('history')}</h2>
        </header>
        {history?.entries.length === 0 ? (
          <p className="empty">{t('noHistory')}</p>
        ) : (
          <table className="table">
            <thead>
              <tr>
                <th scope="col">{t('when')}</th>
                <th scope="col">{t('what')}</th>
                <th scope="col" className="numbers">
                  {t('change')}
                </th>
                <th scope="col" className="numbers">
                  {t('left')}
                </th>
              </tr>
            </thead>
            <tbody>
              {history?.entries.map((entry) => (
                <tr key={entry.id}>
                  <td className="text-second">{formatInstant(entry.at, language)}</td>
                  <td>
                    {entry.reason === 'opening' ? (
                      t('openingCredit')
                    ) : (
                      <>
                        {t(`kinds.${entry.kind}`)} <span className="text-muted">{entry.reason}</span>
                      </>
                    )}
                  </td>
                  <td className="numbers">
                    {entry.tokens > 0 ? '+' : ''}
                    {number(entry.tokens)}
                  </td>
                  <td className="numbers">{number(entry.balanceAfter)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </section>
    </>
  );
}

function Figure({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd className="numbers">{value}</dd>
    </div>
  );
}

function Share({ name, text, part }: { name: string; text: string; part: number }) {
  return (
    <div>
      <div className="share-label">
        <span>{name}</span>
        <strong className="numbers">{text}</strong>
      </div>
      <span className={part >= 1 ? 'meter full' : part >= 0.8 ? 'meter high' : 'meter'} aria-hidden="true">
        <i style={{ width: `${Math.min(100, part * 100)}%` }} />
      </span>
    </div>
  );
}
