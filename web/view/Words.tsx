/** @file The question's word pieces: the one that looks, or how much each is looked at. */

import { percent } from './attention.js';

interface Props {
  readonly words: readonly string[];
  /** The word that looks; undefined when a region does. */
  readonly chosen: number | undefined;
  /** How much each word is looked at, or counted; undefined when there is nothing to show. */
  readonly values: readonly number[] | undefined;
  readonly onChoose: (word: number) => void;
}

export function Words({ words, chosen, values, onChoose }: Props) {
  const most = values === undefined ? 1 : Math.max(...values, 0.2);
  return (
    <ul class="chips" aria-label="Words of the question">
      {words.map((word, i) => (
        // Words repeat in a question; their places do not.
        <li key={i}>
          <button
            type="button"
            aria-pressed={i === chosen}
            title={values === undefined ? undefined : percent(values[i] ?? 0)}
            style={{ '--share': String((values?.[i] ?? 0) / most) }}
            onClick={() => onChoose(i)}
          >
            <bdi>{word}</bdi>
          </button>
        </li>
      ))}
    </ul>
  );
}
