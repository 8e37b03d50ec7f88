/** @file The question's words: how much each counted, what the answer is without it, and taking it away. */

import type { Explanation } from '../../src/explain/explanation.js';
import { percent } from './attention.js';
import { type Pointed, pointingButton } from './lit.js';
import { changeText } from './removal.js';
import { useRoving } from './roving.js';
import { shownWords } from './words.js';

interface Props {
  readonly explanation: Explanation;
  /** Share of each of the words that are shown, in the chosen answer. */
  readonly shares: readonly number[] | undefined;
  /** How strongly each is marked, below 0 for what speaks against. */
  readonly strengths: readonly number[] | undefined;
  readonly answer: number;
  /** Places, among the words alone. */
  readonly away: readonly number[];
  readonly onToggle: ((word: number) => void) | undefined;
  readonly onPoint: (pointed: Pointed) => void;
}

export function Words({ explanation, shares, strengths, answer, away, onToggle, onPoint }: Props) {
  const { removal, lost } = explanation;
  const words = shownWords(explanation);
  const roving = useRoving(words.length - 2);
  return (
    <ul class="chips" aria-label="Words of the question" {...roving.list}>
      {words.map(({ name, kind, isUnknown }, i) => {
        if (kind !== 'word') return null;
        const word = i - 1;
        const strength = strengths?.[i] ?? 0;
        return (
          // Words repeat in a question; their places do not.
          <li key={i}>
            <button
              type="button"
              tabIndex={roving.tabIndexOf(word)}
              aria-pressed={away.includes(word)}
              aria-disabled={onToggle === undefined}
              class={strength < 0 ? 'rises' : ''}
              style={{ '--share': String(Math.abs(strength)) }}
              onClick={() => onToggle?.(word)}
              {...pointingButton(onPoint, { word: i })}
            >
              <bdi class="name">{name}</bdi>
              {isUnknown && <span class="numbers">not known</span>}
              {shares !== undefined && (
                <span class="numbers">
                  <span class="unseen">, counted </span>
                  {percent(shares[i] ?? 0)}
                </span>
              )}
              {removal !== null && (
                <span class="numbers">
                  <span class="unseen">, without it </span>
                  {changeText(removal.words[word], answer)}
                </span>
              )}
            </button>
          </li>
        );
      })}
      {lost !== '' && (
        <li class="lost">
          <s>{lost}</s>
          <span class="unseen"> was not read</span>
        </li>
      )}
    </ul>
  );
}
