import './activity.css';
import { useQuery } from '@tanstack/react-query';
import { CircleAlert } from 'lucide-react';
import { useLanguage, useText } from '../../i18n/language.ts';
import { formatDuration, formatTime } from '../../ui/format.ts';
import { type ModelActivity, modelActivityQuery } from './model-queries.ts';
import { stripsOf } from './strips.ts';

/** The last hour by model and minute, and the last requests; nothing while nobody has asked a model. */
export function Activity() {
  const { data } = useQuery(modelActivityQuery);
  if (data === undefined || data.requests.length === 0) return null;
  return (
    <>
      <LastHour minutes={data.minutes} />
      <LastRequests requests={data.requests} />
    </>
  );
}

function LastHour({ minutes }: Pick<ModelActivity, 'minutes'>) {
  const t = useText('models');
  const language = useLanguage();
  const number = (value: number) => value.toLocaleString(language);
  return (
    <section className="card section" aria-labelledby="hour-title">
      <header>
        <h2 id="hour-title">{t('lastHour')}</h2>
      </header>
      <div className="table-scroll">
        <table className="table">
          <thead>
            <tr>
              <th scope="col">{t('model')}</th>
              <th scope="col">{t('tokensByMinute')}</th>
              <th scope="col" className="numbers">
                {t('requests')}
              </th>
              <th scope="col" className="numbers">
                {t('failed')}
              </th>
              <th scope="col" className="numbers">
                {t('tokens')}
              </th>
            </tr>
          </thead>
          <tbody>
            {stripsOf(minutes).map((strip) => (
              <tr key={strip.model}>
                <td>
                  <strong className="model-name">{strip.model}</strong>
                </td>
                <td>
                  <span
                    className="minute-strip"
                    role="img"
                    aria-label={t('stripOf', { model: strip.model, tokens: number(strip.tokens) })}
                  >
                    {strip.bars.map((bar) => (
                      <i
                        key={bar.at}
                        className={bar.failed > 0 ? 'bad' : bar.requests > 0 ? 'busy' : ''}
                        style={{ height: `${bar.percent}%` }}
                        title={t('minute', {
                          at: formatTime(bar.at, language),
                          requests: number(bar.requests),
                          tokens: number(bar.tokens),
                        })}
                      />
                    ))}
                  </span>
                </td>
                <td className="numbers" data-label={t('requests')}>
                  {number(strip.requests)}
                </td>
                <td className="numbers" data-label={t('failed')}>
                  {number(strip.failed)}
                </td>
                <td className="numbers" data-label={t('tokens')}>
                  {number(strip.tokens)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function LastRequests({ requests }: Pick<ModelActivity, 'requests'>) {
  const t = useText('models');
  const language = useLanguage();
  const number = (value: number) => value.toLocaleString(language);
  return (
    <section className="card section" aria-labelledby="requests-title">
      <header>
        <h2 id="requests-title">{t('lastRequests')}</h2>
      </header>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is scrolled by keys too */}
      <section className="table-scroll last-requests" aria-labelledby="requests-title" tabIndex={0}>
        <table className="table">
          <thead>
            <tr>
              <th scope="col">{t('when')}</th>
              <th scope="col">{t('who')}</th>
              <th scope="col">{t('model')}</th>
              <th scope="col">{t('outcome')}</th>
              <th scope="col" className="numbers">
                {t('promptTokens')}
              </th>
              <th scope="col" className="numbers">
                {t('answerTokens')}
              </th>
              <th scope="col" className="numbers">
                {t('firstToken')}
              </th>
              <th scope="col" className="numbers">
                {t('duration')}
              </th>
            </tr>
          </thead>
          <tbody>
            {requests.map((request, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: the list is drawn anew as a whole
              <tr key={index}>
                <td>{formatTime(request.at, language)}</td>
                <td>{request.username}</td>
                <td>{request.model}</td>
                <td className="text-second">
                  {request.outcome === 'ok' ? (
                    t('answered')
                  ) : (
                    <span className="row">
                      <CircleAlert size={14} className="tone-warning" /> {request.outcome}
                    </span>
                  )}
                </td>
                <td className="numbers" data-label={t('promptTokens')}>
                  {number(request.promptTokens)}
                </td>
                <td className="numbers" data-label={t('answerTokens')}>
                  {number(request.completionTokens)}
                </td>
                <td className="numbers" data-label={t('firstToken')}>
                  {request.firstTokenMs === null ? '–' : formatDuration(request.firstTokenMs, language)}
                </td>
                <td className="numbers" data-label={t('duration')}>
                  {formatDuration(request.durationMs, language)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </section>
  );
}
