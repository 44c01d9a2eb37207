import { MessageSquare, ThumbsUp, Trash2 } from 'lucide-react';
import { useLanguage, useText } from '../../i18n/language.ts';
import { formatTime } from '../../ui/format.ts';
import type { KeptConversation } from './history.ts';

interface EarlierProps {
  readonly conversations: readonly KeptConversation[];
  readonly currentId: string;
  readonly onOpen: (conversation: KeptConversation) => void;
  readonly onRemove: (id: string) => void;
}

/** Conversations of this device: opened again, or deleted. */
export function Earlier({ conversations, currentId, onOpen, onRemove }: EarlierProps) {
  const t = useText('playground');
  const language = useLanguage();
  if (conversations.length === 0) return null;
  return (
    <section className="earlier" aria-labelledby="earlier-title">
      <h3 id="earlier-title">{t('earlier')}</h3>
      <ul>
        {conversations.map((one) => (
          <li key={one.id} className={one.id === currentId ? 'current' : ''}>
            <button
              type="button"
              className="earlier-open"
              aria-current={one.id === currentId}
              title={`${formatTime(one.at, language)} · ${one.lanes.map(({ model }) => model).join(', ')}`}
              onClick={() => onOpen(one)}
            >
              {one.better === null ? <MessageSquare size={14} /> : <ThumbsUp size={14} />}
              <span>{one.title}</span>
            </button>
            <button
              type="button"
              className="icon-button small"
              aria-label={t('removeEarlier', { title: one.title })}
              title={t('removeEarlier', { title: one.title })}
              onClick={() => onRemove(one.id)}
            >
              <Trash2 size={14} />
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
