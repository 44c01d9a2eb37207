import './playground.css';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Cpu, Send } from 'lucide-react';
import { type KeyboardEvent, useEffect, useMemo, useState } from 'react';
import { chatModelsQuery } from '../../app/queries.ts';
import { useUser } from '../../app/session.ts';
import { useText } from '../../i18n/language.ts';
import { readStored, writeStored } from '../../ui/local-storage.ts';
import { PanelError } from '../../ui/panel-boundary.tsx';
import { SkeletonLines } from '../../ui/skeleton.tsx';
import { useStore } from '../../ui/store.ts';
import { createConversation } from './conversation.ts';
import { aboutTokens } from './cost.ts';
import { Earlier } from './earlier.tsx';
import { createHistory, type KeptConversation } from './history.ts';
import { Lane } from './lane.tsx';
import { bodyOf, schemaOf, storedSettings, storeSettings } from './settings.ts';
import { SettingsPanel } from './settings-panel.tsx';

const modelsKey = 'cds.playground.models';
const busyStates = new Set(['waiting', 'writing']);

/** Asks one model, or two side by side, with every setting in reach. */
export function PlaygroundView() {
  const t = useText('playground');
  const shell = useText('shell');
  const [settings, setSettings] = useState(storedSettings);
  const [chosen, setChosen] = useState<readonly string[]>(() => readStored<string[]>(modelsKey) ?? []);
  const [message, setMessage] = useState('');
  const models = useQuery(chatModelsQuery);
  const conversations = useMemo(() => [createConversation(), createConversation()] as const, []);
  const states = [useStore(conversations[0].store), useStore(conversations[1].store)] as const;
  const history = useMemo(createHistory, []);
  const earlier = useStore(history.store);
  const [talk, setTalk] = useState(newTalk);

  useEffect(() => storeSettings(settings), [settings]);
  useEffect(() => void writeStored(modelsKey, chosen), [chosen]);
  useEffect(
    () => () => {
      for (const conversation of conversations) conversation.stop();
    },
    [conversations],
  );

  if (models.error !== null && models.data === undefined) {
    return <PanelError error={models.error} retry={() => void models.refetch()} />;
  }
  if (models.data === undefined) return <SkeletonLines />;
  const offered = models.data;
  if (offered.length === 0) return <NoModel />;
  const places = settings.compare ? ([0, 1] as const) : ([0] as const);
  const modelAt = (place: 0 | 1) =>
    offered.find(({ id }) => id === chosen[place]) ?? offered[Math.min(place, offered.length - 1)];
  const busy = places.some((place) => busyStates.has(states[place].status));
  const ready = message.trim() !== '' && !busy && schemaOf(settings.schema) !== null;

  function keep(better: number | null) {
    const lanes = places.map((place) => ({
      model: modelAt(place)?.id ?? '',
      turns: conversations[place].store.get().turns,
    }));
    history.keep({ id: talk.id, at: new Date().toISOString(), lanes, better });
  }

  async function send() {
    if (!ready) return;
    setMessage('');
    setTalk({ ...talk, better: null });
    const asked = places.map(async (place) => {
      const model = modelAt(place);
      return model === undefined
        ? false
        : conversations[place].send(message, (turns) => bodyOf(settings, model.id, turns));
    });
    if ((await Promise.all(asked)).every((ended) => ended)) keep(null);
  }

  function clear() {
    for (const conversation of conversations) conversation.clear();
    setTalk(newTalk());
  }

  function open({ id, lanes, better }: KeptConversation) {
    for (const place of [0, 1] as const) conversations[place].restore(lanes[place]?.turns ?? []);
    setSettings({ ...settings, compare: lanes.length > 1 });
    setChosen([0, 1].map((place) => lanes[place]?.model ?? chosen[place] ?? ''));
    setTalk({ id, better });
  }

  function choose(place: number) {
    const better = talk.better === place ? null : place;
    setTalk({ ...talk, better });
    keep(better);
  }

  function onKey(event: KeyboardEvent) {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    void send();
  }

  return (
    <div className={settings.compare ? 'playground two' : 'playground'}>
      <SettingsPanel settings={settings} onChange={setSettings}>
        <Earlier
          conversations={earlier}
          currentId={talk.id}
          onOpen={open}
          onRemove={(id) => {
            history.remove(id);
            if (id === talk.id) clear();
          }}
        />
      </SettingsPanel>
      {places.map((place) => {
        const model = modelAt(place);
        return model === undefined ? null : (
          <Lane
            key={place}
            place={place + 1}
            model={model}
            models={offered}
            state={states[place]}
            rival={settings.compare ? states[place === 0 ? 1 : 0] : undefined}
            limit={settings.maxTokens}
            hidden={settings.compare && settings.hideNames && talk.better === null}
            better={settings.compare ? talk.better === place : undefined}
            onBetter={() => choose(place)}
            body={(turns) => bodyOf(settings, model.id, turns)}
            onModel={(id) => {
              const other = modelAt(place === 0 ? 1 : 0)?.id ?? '';
              setChosen(place === 0 ? [id, other] : [other, id]);
              clear();
            }}
            onStop={() => conversations[place].stop()}
            onClear={clear}
          />
        );
      })}
      <div className="playground-ask">
        <textarea
          className="input"
          rows={2}
          aria-label={t('yourMessage')}
          placeholder={t('yourMessage')}
          value={message}
          onChange={(event) => setMessage(event.target.value)}
          onKeyDown={onKey}
        />
        <div className="playground-send">
          <span className="text-muted">
            {message === '' ? '' : t('aboutTokens', { count: aboutTokens(message) })}
          </span>
          <button
            type="button"
            className={ready ? 'button primary' : 'button'}
            aria-disabled={!ready}
            onClick={() => void send()}
          >
            <Send size={14} /> {t(settings.compare ? 'sendBoth' : 'send')}{' '}
            <span className="kbd">{shell('controlKey')} ↵</span>
          </button>
        </div>
      </div>
    </div>
  );
}

/** A conversation that has not begun, under an id of its own. */
function newTalk(): { readonly id: string; readonly better: number | null } {
  return { id: crypto.randomUUID(), better: null };
}

function NoModel() {
  const t = useText('playground');
  const admin = useUser().role === 'admin';
  return (
    <div className="empty">
      <Cpu size={24} />
      <strong>{t('noModelTitle')}</strong>
      <p className="text-second">{t('noModel')}</p>
      {admin && (
        <Link to="/manage/$section" params={{ section: 'models' }} className="button primary">
          {t('openModels')}
        </Link>
      )}
    </div>
  );
}
