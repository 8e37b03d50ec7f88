/** @file What came back for a question. */

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

export function Result({ asked: { explanation, loadRemoval }, picture, shared }: Props) {
  const { question, regions } = explanation;
  return (
    <section class="result" aria-label="Answer">
      <h2 dir="auto">{question}</h2>
      <ExplanationView
        explanation={{ ...explanation, regions: withSampleNames(regions, picture.sample) }}
        picture={picture.url}
        expected={expectedOf(picture.sample, question)}
        loadRemoval={loadRemoval}
        shared={shared}
      />
    </section>
  );
}
