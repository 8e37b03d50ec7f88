/** @file A map of what looks at what; arrow keys move through it. */

import type { ComponentChildren } from 'preact';
import { percent } from './attention.js';

export interface Place {
  readonly row: number;
  readonly column: number;
}

interface Props {
  readonly label: string;
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  /** What stands above the columns. */
  readonly headOf?: ((column: number) => ComponentChildren) | undefined;
  readonly shareOf: (row: number, column: number) => number;
  /** What is drawn at full strength. */
  readonly most: number;
  readonly here: Place;
  /** Which of both looks, and so stands out whole. */
  readonly looks: 'row' | 'column';
  readonly onMove: (place: Place) => void;
}

const STEPS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

export function HeatMap({ label, rows, columns, headOf, shareOf, most, here, looks, onMove }: Props) {
  const step = (event: KeyboardEvent): void => {
    const move = STEPS[event.key];
    if (move === undefined) return;
    event.preventDefault();
    const within = (place: number, count: number): number => Math.max(0, Math.min(place, count - 1));
    onMove({
      row: within(here.row + move[0], rows.length),
      column: within(here.column + move[1], columns.length),
    });
  };
  return (
    <>
      <div
        class="scroll"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it is moved through by keyboard
        tabIndex={0}
        role="application"
        aria-label={`${label}; arrow keys move`}
        onKeyDown={step}
      >
        <table class="map">
          {headOf !== undefined && (
            <thead>
              <tr>
                <td />
                {columns.map((name, c) => (
                  <th key={c} scope="col" title={name}>
                    {headOf(c)}
                    <span class="unseen">{name}</span>
                  </th>
                ))}
              </tr>
            </thead>
          )}
          <tbody>
            {rows.map((name, r) => (
              <tr key={r}>
                <th scope="row">
                  <bdi>{name}</bdi>
                </th>
                {columns.map((column, c) => {
                  const value = shareOf(r, c);
                  const isHere = r === here.row && c === here.column;
                  const isLooking = looks === 'row' ? r === here.row : c === here.column;
                  return (
                    // biome-ignore lint/a11y/useKeyWithClickEvents: arrow keys move through the map
                    <td
                      key={c}
                      class={`${isLooking ? 'chosen' : ''} ${isHere ? 'here' : ''}`}
                      style={{ '--share': String(Math.min(1, value / most)) }}
                      title={`${name} / ${column}: ${percent(value)}`}
                      onClick={() => onMove({ row: r, column: c })}
                    />
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p class="reading at-place" role="status">
        {`"${rows[here.row] ?? ''}" and ${columns[here.column] ?? ''}: ${percent(shareOf(here.row, here.column))}`}
      </p>
    </>
  );
}
