/** @file The question's word pieces: the one that looks, or how much each is looked at. */

import { percent } from './attention.js';

interface Props {
  readonly words: readonly string[];
  /** The word that looks; undefined when a region does. */
  readonly chosen: number | undefined;
  /** How much each word is looked at, or counted; undefined when there is nothing to show. */
  readonly values: readonly number[] | undefined;
  /** What stands for a value; its percentage without this. Values below 0 are drawn apart. */
  readonly textOf?: ((word: number) => string) | undefined;
  /** What is drawn at full strength. */
  readonly strongest?: number | undefined;
  readonly onChoose: (word: number) => void;
}

export function Words({ words, chosen, values, textOf, strongest, onChoose }: Props) {
  const most = strongest ?? (values === undefined ? 1 : Math.max(...values, 0.2));
  return (
    <ul class="chips" aria-label="Words of the question">
      {words.map((word, i) => (
        // Words repeat in a question; their places do not.
        <li key={i}>
          <button
            type="button"
            aria-pressed={i === chosen}
            class={(values?.[i] ?? 0) < 0 ? 'rises' : ''}
            title={textOf?.(i) ?? (values === undefined ? undefined : percent(values[i] ?? 0))}
            style={{ '--share': String(Math.abs(values?.[i] ?? 0) / most) }}
            onClick={() => onChoose(i)}
          >
            <bdi>{word}</bdi>
          </button>
        </li>
      ))}
    </ul>
  );
}
