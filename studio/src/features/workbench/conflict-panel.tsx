import { useText } from '../../i18n/language.ts';
import { CompareEditor } from './compare-editor.tsx';
import type { OpenDocument } from './document.ts';

interface ConflictProps {
  readonly document: OpenDocument;
  readonly theirs: string;
  readonly language: string;
}

/** Both versions side by side; nothing is overwritten until the person has chosen. */
export function ConflictPanel({ document, theirs, language }: ConflictProps) {
  const t = useText('workbench');
  return (
    <div className="conflict">
      <div className="conflict-head" role="alert">
        <div className="grow">
          <h2>{t('conflictTitle')}</h2>
          <p className="text-second">{t('conflictText')}</p>
        </div>
        <button type="button" className="button" onClick={() => document.takeTheirs()}>
          {t('takeTheirs')}
        </button>
        <button type="button" className="button primary" onClick={() => void document.keepMine()}>
          {t('keepMine')}
        </button>
      </div>
      <div className="compare-names">
        <span>{t('onServer')}</span>
        <span>{t('mine')}</span>
      </div>
      <CompareEditor
        before={theirs}
        after={document.content}
        language={language}
        beforeLabel={t('onServer')}
        afterLabel={t('mine')}
        onEdit={(text) => document.editElsewhere(text)}
      />
    </div>
  );
}

/** The file was deleted elsewhere while it was edited here. */
export function GonePanel({ document, onClose }: { document: OpenDocument; onClose: () => void }) {
  const t = useText('workbench');
  return (
    <div className="conflict-head" role="alert">
      <div className="grow">
        <h2>{t('goneTitle')}</h2>
        <p className="text-second">{t('goneText')}</p>
      </div>
      <button type="button" className="button" onClick={onClose}>
        {t('closeTab')}
      </button>
      <button type="button" className="button primary" onClick={() => void document.keepMine()}>
        {t('saveAgain')}
      </button>
    </div>
  );
}
