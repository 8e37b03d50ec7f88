/** @file Questions that fit a bundled scene. */

import type { KnownPicture } from './seen.js';

interface Props {
  readonly sample: KnownPicture | undefined;
  /** The question that is answered. */
  readonly chosen?: string | undefined;
  readonly onChoose: (question: string) => void;
}

export function Suggestions({ sample, chosen, onChoose }: Props) {
  if (sample === undefined || sample.questions.length === 0) return null;
  return (
    <ul class="suggestions" aria-label="Questions about this scene">
      {sample.questions.map(({ question }) => (
        <li key={question}>
          <button type="button" aria-pressed={question === chosen} onClick={() => onChoose(question)}>
            {question}
          </button>
        </li>
      ))}
    </ul>
  );
}

/** Right answers to a bundled scene's own questions. */
export function expectedOf(
  sample: KnownPicture | undefined,
  question: string,
): readonly string[] | undefined {
  return sample?.questions.find((each) => each.question === question)?.expected;
}
