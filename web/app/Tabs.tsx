/** @file Tabs as browsers' readers know them: arrow keys move between them. */

import type { ComponentChildren } from 'preact';
import { useId, useRef } from 'preact/hooks';

interface Props<Name extends string> {
  readonly tabs: readonly Name[];
  readonly chosen: Name;
  readonly onChoose: (name: Name) => void;
  /** What is in each; all of them stay, so that nothing written in one is lost. */
  readonly panels: Readonly<Record<Name, ComponentChildren>>;
}

export function Tabs<Name extends string>({ tabs, chosen, onChoose, panels }: Props<Name>) {
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const move = (event: KeyboardEvent): void => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const place = (tabs.indexOf(chosen) + step + tabs.length) % tabs.length;
    onChoose(tabs[place] as Name);
    (list.current?.children[place] as HTMLElement | undefined)?.focus();
  };
  return (
    <>
      <div class="tabs" role="tablist" ref={list} onKeyDown={move}>
        {tabs.map((name) => (
          <button
            key={name}
            type="button"
            role="tab"
            id={`${id}-${name}`}
            aria-selected={name === chosen}
            aria-controls={`${id}-${name}-panel`}
            tabIndex={name === chosen ? 0 : -1}
            onClick={() => onChoose(name)}
          >
            {name}
          </button>
        ))}
      </div>
      {tabs.map((name) => (
        <div
          key={name}
          class="pane"
          role="tabpanel"
          id={`${id}-${name}-panel`}
          aria-labelledby={`${id}-${name}`}
          hidden={name !== chosen}
        >
          {panels[name]}
        </div>
      ))}
    </>
  );
}
