import { CircleAlert, RotateCw } from 'lucide-react';
import { Component, type ReactNode } from 'react';
import { useText } from '../i18n/language.ts';
import { isOffline, isRpcFault } from '../rpc/fault.ts';

/** What failed, what is safe, what to do, and the fault's code; in the panel that failed. */
export function PanelError({ error, retry }: { error: unknown; retry?: () => void }) {
  const t = useText('ui');
  const known = isRpcFault(error);
  return (
    <div className="panel-error" role="alert">
      <CircleAlert size={16} className="tone-danger" />
      <div className="grow">
        <strong>{known ? error.message : t('panelFailed')}</strong>
        <p className="text-second">
          {known && error.hint !== '' ? error.hint : t('panelSafe')}{' '}
          <code className="text-muted">{known ? error.code : 'studio.panel_failed'}</code>
        </p>
        {isOffline(error) && <p className="text-second">{t('triedAgain')}</p>}
        {retry !== undefined && (
          <button type="button" className="button small" onClick={retry}>
            <RotateCw size={14} />
            {t('retry')}
          </button>
        )}
      </div>
    </div>
  );
}

interface BoundaryProps {
  readonly children: ReactNode;
}

/** Keeps a failing panel from taking the others with it. */
export class PanelBoundary extends Component<BoundaryProps, { error: unknown }> {
  override state: { error: unknown } = { error: undefined };

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override render() {
    if (this.state.error === undefined) return this.props.children;
    return <PanelError error={this.state.error} retry={() => this.setState({ error: undefined })} />;
  }
}
