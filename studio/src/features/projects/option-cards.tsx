import type { LucideIcon } from 'lucide-react';
import type { KeyboardEvent } from 'react';

export interface Option<Name extends string> {
  readonly name: Name;
  readonly title: string;
  readonly detail: string;
  readonly icon: LucideIcon;
}

interface OptionCardsProps<Name extends string> {
  readonly label: string;
  readonly options: readonly Option<Name>[];
  readonly chosen: Name;
  readonly onChoose: (name: Name) => void;
}

/** Cards of which one is chosen: one stop for the Tab key, arrows inside. */
export function OptionCards<Name extends string>(props: OptionCardsProps<Name>) {
  const { options, chosen, onChoose } = props;
  function onKeyDown(event: KeyboardEvent<HTMLElement>, index: number) {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const next = step === undefined ? undefined : options[(index + step + options.length) % options.length];
    if (next === undefined) return;
    event.preventDefault();
    onChoose(next.name);
    const cards = event.currentTarget.parentElement?.querySelectorAll<HTMLElement>('[role="radio"]');
    cards?.[options.indexOf(next)]?.focus();
  }
  return (
    <div role="radiogroup" aria-label={props.label} className="template-grid">
      {options.map(({ name, title, detail, icon: Icon }, index) => (
        // biome-ignore lint/a11y/useSemanticElements: a card with icon and two lines acts as a radio button
        <button
          key={name}
          type="button"
          role="radio"
          aria-checked={name === chosen}
          tabIndex={name === chosen ? 0 : -1}
          className="option-card"
          onClick={() => onChoose(name)}
          onKeyDown={(event) => onKeyDown(event, index)}
        >
          <Icon size={20} />
          <span className="grow">
            <strong className="clip">{title}</strong>
            <small>{detail}</small>
          </span>
        </button>
      ))}
    </div>
  );
}
