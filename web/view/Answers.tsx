/** @file The answers with their probabilities; the one whose relevance is shown can be chosen. */

import type { Explanation } from '../../src/explain/explanation.js';
import type { WithoutPart } from '../../src/explain/removal.js';
import { percent } from './attention.js';
import { type Pointed, pointingButton } from './lit.js';
import { useRoving } from './roving.js';

interface Props {
  readonly answers: Explanation['answers'];
  /** Known right answers, for a sample. */
  readonly expected?: readonly string[] | undefined;
  readonly chosen: number | undefined;
  /** The answers without what was taken away. */
  readonly without: WithoutPart | undefined;
  readonly onChoose: (answer: number) => void;
  readonly onPoint: (pointed: Pointed) => void;
}

/** Below this an answer is more likely wrong than right, by the model's own word. */
const LEAST_SURE = 0.5;

export function Answers({ answers, expected, chosen, without, onChoose, onPoint }: Props) {
  const roving = useRoving(answers.length);
  const [asked] = answers;
  if (asked === undefined) return null;
  const probabilityOf = (answer: number): number =>
    without?.probabilities[answer] ?? answers[answer]?.probability ?? 0;
  const best = without?.instead ?? { answer: asked.answer, probability: probabilityOf(0) };
  const sum = answers.reduce((total, { probability }) => total + probability, 0);
  return (
    <div class="answered">
      <p class="best" dir="auto">
        {without?.instead != null && <s>{asked.answer}</s>}
        <strong>{best.answer}</strong>
        {best.probability < LEAST_SURE && (
          <span class="verdict unsure">{`unsure: below ${100 * LEAST_SURE} %`}</span>
        )}
        {expected !== undefined && without === undefined && (
          <span class={`verdict ${expected.includes(best.answer) ? 'right' : 'wrong'}`}>
            {expected.includes(best.answer) ? 'right' : `expected: ${expected.join(' or ')}`}
          </span>
        )}
      </p>
      <ol class="bars" aria-label="Answers by probability" {...roving.list}>
        {answers.map(({ answer, probability }, i) => (
          <li key={answer}>
            <button
              type="button"
              tabIndex={roving.tabIndexOf(i)}
              aria-pressed={i === chosen}
              title={`How probable "${answer}" is; choose it to see what it was found in`}
              onClick={() => onChoose(i)}
              {...pointingButton(onPoint, { answer: i })}
            >
              <bdi class="answer">{answer}</bdi>
              <span class="track">
                <span class="fill" style={{ width: `${100 * probabilityOf(i)}%` }} />
                {without !== undefined && (
                  <span class="before" style={{ 'inset-inline-start': `${100 * probability}%` }} />
                )}
              </span>
              <span class="number">{percent(probabilityOf(i))}</span>
            </button>
          </li>
        ))}
      </ol>
      {sum > 1.001 && <p class="small">Each answer is scored alone, so that together they can pass 100 %.</p>}
    </div>
  );
}
