/** @file The questions that were asked before, with their pictures: a click shows one again. */

import { useRoving } from '../view/roving.js';
import type { Answered } from './answering.js';

interface Props<A extends Answered> {
  /** The newest first. */
  readonly earlier: readonly A[];
  readonly shown: A | undefined;
  /** Whether there are several models to tell apart. */
  readonly hasModels: boolean;
  readonly onChoose: (asked: A) => void;
}

export function Earlier<A extends Answered>({ earlier, shown, hasModels, onChoose }: Props<A>) {
  const roving = useRoving(earlier.length);
  if (earlier.length < 2) return null;
  return (
    <section class="earlier" aria-label="Earlier questions">
      <h2>Earlier questions</h2>
      <ol {...roving.list}>
        {earlier.map((asked, i) => {
          const { picture, explanation } = asked;
          return (
            <li key={`${picture.url} ${explanation.model} ${explanation.question}`}>
              <button
                type="button"
                tabIndex={roving.tabIndexOf(i)}
                aria-pressed={asked === shown}
                onClick={() => onChoose(asked)}
              >
                <img src={picture.url} alt="" />
                <span>
                  <bdi>{explanation.question}</bdi> <strong>{explanation.answers[0]?.answer}</strong>
                  {hasModels && <span class="where"> {explanation.model}</span>}
                </span>
              </button>
            </li>
          );
        })}
      </ol>
    </section>
  );
}
