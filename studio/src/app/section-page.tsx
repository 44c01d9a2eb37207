import { Link } from '@tanstack/react-router';
import type { LucideIcon } from 'lucide-react';
import { type ReactNode, useEffect, useRef } from 'react';
import { PanelBoundary } from '../ui/panel-boundary.tsx';

export interface Section<Name extends string> {
  readonly name: Name;
  readonly icon: LucideIcon;
  readonly view: () => ReactNode;
}

interface SectionPageProps<Name extends string> {
  readonly title: string;
  readonly to: '/account/$section' | '/manage/$section';
  readonly sections: readonly Section<Name>[];
  readonly current: Section<Name>;
  readonly labelOf: (name: Name) => string;
  /** One sentence below the heading. */
  readonly lead?: string;
}

/** A page of parts, of which one is shown; each has an address of its own. */
export function SectionPage<Name extends string>(props: SectionPageProps<Name>) {
  const { title, current, labelOf } = props;
  const View = current.view;
  const nav = useRef<HTMLElement>(null);
  // On a phone the parts are one line that scrolls.
  // biome-ignore lint/correctness/useExhaustiveDependencies: whenever another part is shown
  useEffect(() => {
    nav.current
      ?.querySelector('[aria-current="page"]')
      ?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [current.name]);
  return (
    <div className="page">
      <aside className="page-side sections" aria-label={title} data-region="sidebar">
        <header className="region-head">
          <h2>{title}</h2>
        </header>
        <nav ref={nav} className="side-nav" aria-label={title}>
          {props.sections.map(({ name, icon: Icon }) => (
            <Link
              key={name}
              to={props.to}
              params={{ section: name }}
              className="side-link"
              {...(name === current.name ? { 'aria-current': 'page' as const } : {})}
            >
              <Icon size={16} /> {labelOf(name)}
            </Link>
          ))}
        </nav>
      </aside>
      <div className="page-content" data-region="content">
        <div className="page-head">
          <div className="grow">
            <h1>{labelOf(current.name)}</h1>
            {props.lead !== undefined && <p>{props.lead}</p>}
          </div>
        </div>
        <PanelBoundary key={current.name}>
          <View />
        </PanelBoundary>
      </div>
    </div>
  );
}
