import { useQuery } from '@tanstack/react-query';
import { Download } from 'lucide-react';
import { type FormEvent, useState } from 'react';
import { useLanguage, useText } from '../../i18n/language.ts';
import { rpc } from '../../rpc/client.ts';
import type { Params } from '../../rpc/contracts.ts';
import { Field } from '../../ui/field.tsx';
import { formatBytes } from '../../ui/format.ts';
import { toast, toastFault } from '../../ui/toasts.tsx';
import { catalogueQuery, refreshModels } from './model-queries.ts';

/** Proposals, and a form for any other GGUF file. */
export function AddModel() {
  const t = useText('models');
  const language = useLanguage();
  const proposals = useQuery(catalogueQuery).data?.models ?? [];
  const [problem, setProblem] = useState<string>();

  async function start(params: Params<'admin.models.download'>) {
    await rpc.call('admin.models.download', params);
    toast({ title: t('started') });
    await refreshModels();
  }

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const element = event.currentTarget;
    const form = new FormData(element);
    const text = (name: string) => String(form.get(name) ?? '').trim();
    const source = text('source');
    try {
      await start({
        ...(/^https?:/i.test(source) ? { url: source } : { hf: source }),
        ...(text('file') === '' ? {} : { file: text('file') }),
        ...(text('sha256') === '' ? {} : { sha256: text('sha256') }),
      });
      setProblem(undefined);
      element.reset();
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  }

  return (
    <section className="card section" aria-labelledby="add-model-title">
      <header>
        <h2 id="add-model-title">{t('addTitle')}</h2>
      </header>
      {proposals.length > 0 && (
        <div className="table-scroll">
          <table className="table">
            <caption className="visually-hidden">{t('proposals')}</caption>
            <thead>
              <tr>
                <th scope="col">{t('model')}</th>
                <th scope="col">{t('purpose')}</th>
                <th scope="col">{t('licence')}</th>
                <th scope="col" className="numbers">
                  {t('size')}
                </th>
                <th scope="col">
                  <span className="visually-hidden">{t('actions')}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {proposals.map((entry) => (
                <tr key={entry.id}>
                  <td>
                    <strong className="model-name">{entry.title}</strong>{' '}
                    <span className="text-muted model-quantization">{entry.quantization}</span>
                  </td>
                  <td className="text-second">{t(`purposes.${entry.purpose}`)}</td>
                  <td className="text-second" data-label={t('licence')}>
                    {entry.licence}
                  </td>
                  <td className="numbers" data-label={t('size')}>
                    {formatBytes(entry.sizeBytes, language)}
                  </td>
                  <td className="actions">
                    {entry.present ? (
                      <span className="text-muted">{t('present')}</span>
                    ) : (
                      <button
                        type="button"
                        className="button small ghost"
                        onClick={() => void start({ hf: entry.hf, file: entry.file }).catch(toastFault)}
                      >
                        <Download size={14} /> {t('download')}
                      </button>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <form onSubmit={(event) => void submit(event)} className="section-body form-line">
        <Field
          name="source"
          label={t('source')}
          hint={t('addText')}
          error={problem}
          maxLength={2_000}
          required
        />
        <Field name="file" label={t('file')} maxLength={300} />
        <Field name="sha256" label={t('sha256')} maxLength={64} />
        <button type="submit" className="button">
          <Download size={14} /> {t('download')}
        </button>
      </form>
    </section>
  );
}
