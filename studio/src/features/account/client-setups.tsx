import { useQuery } from '@tanstack/react-query';
import { Copy } from 'lucide-react';
import { useId, useState } from 'react';
import { useText } from '../../i18n/language.ts';
import { rpc } from '../../rpc/client.ts';
import { PanelError } from '../../ui/panel-boundary.tsx';
import { toast } from '../../ui/toasts.tsx';

const clients = { continue: 'Continue', aider: 'Aider', opencode: 'opencode' } as const;
type Client = keyof typeof clients;

/** The set-up of other AI clients, to be copied; it holds no key. */
export function ClientSetups() {
  const t = useText('account');
  const clientId = useId();
  const [client, setClient] = useState<Client>('continue');
  const url = window.location.origin;
  const setup = useQuery({
    queryKey: ['client.config', client, url],
    queryFn: () => rpc.call('client.config', { client, url }),
  });
  return (
    <section className="card section" aria-labelledby="setups-title">
      <header>
        <h2 id="setups-title">{t('setups')}</h2>
      </header>
      <div className="section-body">
        <p className="text-second">{t('setupsText')}</p>
        <div className="form-line">
          <div className="field">
            <label htmlFor={clientId}>{t('setupClient')}</label>
            <select
              id={clientId}
              className="input"
              value={client}
              onChange={(event) => setClient(event.target.value as Client)}
            >
              {Object.entries(clients).map(([name, label]) => (
                <option key={name} value={name}>
                  {label}
                </option>
              ))}
            </select>
          </div>
          <button
            type="button"
            className="button"
            disabled={setup.data === undefined}
            onClick={() => {
              void navigator.clipboard?.writeText(setup.data?.content ?? '');
              toast({ title: t('copied') });
            }}
          >
            <Copy size={14} /> {t('copySetup')}
          </button>
        </div>
        {setup.error !== null && <PanelError error={setup.error} retry={() => void setup.refetch()} />}
        {setup.data !== undefined && (
          <>
            <code>{setup.data.path}</code>
            <textarea
              className="input code"
              aria-label={setup.data.path}
              value={[setup.data.content, ...setup.data.commands.map((command) => `# $ ${command}`)].join(
                '\n',
              )}
              rows={12}
              readOnly
              spellCheck={false}
            />
          </>
        )}
      </div>
    </section>
  );
}
