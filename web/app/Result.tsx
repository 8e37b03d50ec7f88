/** @file What came back for a question. */

import { Answers } from '../view/Answers.js';
import type { View } from '../view/attention.js';
import { ExplanationView } from '../view/ExplanationView.js';
import { expectedOf } from './Suggestions.js';
import { withSampleNames } from './seen.js';
import type { Asked, ShownPicture } from './server.js';

interface Props {
  readonly asked: Asked;
  readonly picture: ShownPicture;
  readonly shared?: { readonly view: View; readonly onChange: (change: Partial<View>) => void } | undefined;
}

export function Result({ asked, picture, shared }: Props) {
  const { question } = asked.kind === 'explained' ? asked.explanation : asked;
  const expected = expectedOf(picture.sample, question);
  return (
    <section class="result" aria-label="Answer">
      <h2 dir="auto">{question}</h2>
      {asked.kind === 'explained' ? (
        <ExplanationView
          explanation={{
            ...asked.explanation,
            regions: withSampleNames(asked.explanation.regions, picture.sample),
          }}
          picture={picture.url}
          expected={expected}
          shared={shared}
        />
      ) : (
        <>
          <Answers answers={asked.answers} expected={expected} />
          <p class="small">Several models answered together: their attention has no common meaning.</p>
        </>
      )}
    </section>
  );
}
