/** @file Words by regions as a map; arrow keys move through it. */

import type { Explanation } from '../../src/explain/explanation.js';
import { percent, type Rows, strongestOf, type View } from './attention.js';
import { nameOf } from './regionNames.js';

interface Props {
  readonly explanation: Explanation;
  readonly view: View;
  /** Rows are what looks. */
  readonly rows: Rows;
  readonly onChange: (change: Partial<View>) => void;
}

const STEPS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

export function HeatMap({ explanation, view, rows, onChange }: Props) {
  const { words, regions } = explanation;
  const isWords = view.direction === 'words';
  const shareOf = (word: number, region: number): number =>
    (isWords ? rows[word]?.[region] : rows[region]?.[word]) ?? 0;
  const most = strongestOf(rows.flat(), isWords ? regions.length : words.length, view);
  const step = (event: KeyboardEvent): void => {
    const move = STEPS[event.key];
    if (move === undefined) return;
    event.preventDefault();
    const within = (place: number, count: number): number => Math.max(0, Math.min(place, count - 1));
    onChange({
      word: within(view.word + move[0], words.length),
      region: within(view.region + move[1], regions.length),
    });
  };
  return (
    <div
      class="scroll"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: it is moved through by keyboard
      tabIndex={0}
      role="application"
      aria-label="Map of words by regions; arrow keys move"
      onKeyDown={step}
    >
      <table class="map">
        <tbody>
          {words.map((word, w) => (
            <tr key={w}>
              <th scope="row">
                <bdi>{word}</bdi>
              </th>
              {regions.map((_, r) => {
                const value = shareOf(w, r);
                const isHere = w === view.word && r === view.region;
                return (
                  // biome-ignore lint/a11y/useKeyWithClickEvents: arrow keys move through the map
                  <td
                    key={r}
                    class={`${(isWords ? w === view.word : r === view.region) ? 'chosen' : ''} ${isHere ? 'here' : ''}`}
                    style={{ '--share': String(value / most) }}
                    title={`${word} / ${nameOf(explanation, r)}: ${percent(value)}`}
                    onClick={() => onChange({ word: w, region: r })}
                  />
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
      <p class="reading">
        {`"${words[view.word] ?? ''}" and ${nameOf(explanation, view.region)}: ${percent(shareOf(view.word, view.region))}`}
      </p>
    </div>
  );
}
