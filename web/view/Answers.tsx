/** @file The answers with their probabilities; the one whose relevance is shown can be chosen. */

import type { Explanation } from '../../src/explain/explanation.js';
import { percent } from './attention.js';

interface Props {
  readonly answers: Explanation['answers'];
  /** Known right answers, for a sample. */
  readonly expected?: readonly string[] | undefined;
  readonly chosen?: number | undefined;
  readonly onChoose?: (answer: number) => void;
}

export function Answers({ answers, expected, chosen, onChoose }: Props) {
  const [best] = answers;
  if (best === undefined) return null;
  return (
    <div class="answered">
      <p class="best" dir="auto">
        <strong>{best.answer}</strong>
        {expected !== undefined && (
          <span class={`verdict ${expected.includes(best.answer) ? 'right' : 'wrong'}`}>
            {expected.includes(best.answer) ? 'right' : `expected: ${expected.join(' or ')}`}
          </span>
        )}
      </p>
      <ol class="bars" aria-label="Answers by probability">
        {answers.map(({ answer, probability }, i) => (
          <li key={answer}>
            <button
              type="button"
              aria-pressed={onChoose && i === chosen}
              disabled={onChoose === undefined}
              title={onChoose && `What "${answer}" was found in`}
              onClick={() => onChoose?.(i)}
            >
              <bdi class="answer">{answer}</bdi>
              <span class="track">
                <span class="fill" style={{ width: `${100 * probability}%` }} />
              </span>
              <span class="number">{percent(probability)}</span>
            </button>
          </li>
        ))}
      </ol>
    </div>
  );
}
