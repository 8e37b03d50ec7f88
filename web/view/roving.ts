/** @file Lists of buttons that are one stop for the Tab key: arrow keys move within them. */

import { useState } from 'preact/hooks';

const STEPS: Readonly<Record<string, number>> = { ArrowUp: -1, ArrowLeft: -1, ArrowDown: 1, ArrowRight: 1 };

export interface Roving {
  /** For the list. */
  readonly list: {
    readonly onKeyDown: (event: KeyboardEvent) => void;
    readonly onFocusIn: (event: FocusEvent) => void;
  };
  /** For the button at a place of the list. */
  readonly tabIndexOf: (place: number) => 0 | -1;
}

/** @param columns of a grid, where arrow keys move in two directions */
export function useRoving(count: number, columns?: number): Roving {
  const [stop, setStop] = useState(0);
  const shown = Math.min(stop, Math.max(0, count - 1));
  return {
    list: {
      onKeyDown: (event) => {
        const buttons = buttonsOf(event.currentTarget as HTMLElement);
        const here = buttons.indexOf(event.target as HTMLElement);
        const last = buttons.length - 1;
        const isAcross = event.key === 'ArrowUp' || event.key === 'ArrowDown';
        const step = (STEPS[event.key] ?? 0) * (isAcross ? (columns ?? 1) : 1);
        const to = event.key === 'Home' ? 0 : event.key === 'End' ? last : here + step;
        if (here < 0 || to === here || to < 0 || to > last) return;
        event.preventDefault();
        buttons[to]?.focus();
      },
      onFocusIn: (event) => {
        const place = buttonsOf(event.currentTarget as HTMLElement).indexOf(event.target as HTMLElement);
        if (place >= 0) setStop(place);
      },
    },
    tabIndexOf: (place) => (place === shown ? 0 : -1),
  };
}

function buttonsOf(list: HTMLElement): HTMLElement[] {
  return [...list.querySelectorAll<HTMLElement>('button')];
}
