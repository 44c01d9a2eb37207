import { Component, type ReactNode } from 'react';
import { useText } from '../i18n/language.ts';
import { isRpcFault } from '../rpc/fault.ts';

const texts = {
  en: {
    title: 'This panel could not be shown',
    safe: 'Your files are safe; the other panels go on.',
    retry: 'Try again',
  },
  de: {
    title: 'Dieser Bereich kann nicht gezeigt werden',
    safe: 'Ihre Dateien sind sicher; die anderen Bereiche laufen weiter.',
    retry: 'Erneut versuchen',
  },
};

/** What failed, what is safe, what to do; in the panel that failed. */
export function PanelError({ error, retry }: { error: unknown; retry: () => void }) {
  const t = useText(texts);
  const known = isRpcFault(error);
  return (
    <div className="panel-error" role="alert">
      <h2>{known ? error.message : t.title}</h2>
      <p className="text-second">{known ? error.hint : t.safe}</p>
      {known && <code className="text-muted">{error.code}</code>}
      <button type="button" className="button" onClick={retry}>
        {t.retry}
      </button>
    </div>
  );
}

/** Keeps a failing panel from taking the others with it. */
export class PanelBoundary extends Component<{ children: ReactNode }, { error: unknown }> {
  override state: { error: unknown } = { error: undefined };

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override render() {
    if (this.state.error === undefined) return this.props.children;
    return <PanelError error={this.state.error} retry={() => this.setState({ error: undefined })} />;
  }
}
