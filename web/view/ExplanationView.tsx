/** @file What a model looked at for its answer: words, picture, regions and the map of both. */

import { useState } from 'preact/hooks';
import type { Explanation } from '../../src/explain/explanation.js';
import { Answers } from './Answers.js';
import { FIRST_VIEW, fitView, percent, type Rows, rowsOf, strongestOf, type View } from './attention.js';
import { Controls } from './Controls.js';
import { HeatMap } from './HeatMap.js';
import { Picture } from './Picture.js';
import { Regions } from './Regions.js';
import { nameOf } from './regionNames.js';
import { Words } from './Words.js';

interface Props {
  readonly explanation: Explanation;
  readonly picture: string | undefined;
  /** Known right answers, for a sample. */
  readonly expected?: readonly string[] | undefined;
  /** What is shown, when it is decided outside: then there are no controls here. */
  readonly shared?: { readonly view: View; readonly onChange: (change: Partial<View>) => void } | undefined;
}

export function ExplanationView({ explanation, picture, expected, shared }: Props) {
  const [own, setOwn] = useState(FIRST_VIEW);
  const [pointed, setPointed] = useState<number | undefined>();
  const change = shared?.onChange ?? ((by: Partial<View>) => setOwn((view) => ({ ...view, ...by })));
  const view = fitView(shared?.view ?? own, explanation);
  const rows = rowsOf(explanation, view);
  const isWords = view.direction === 'words';
  const values = rows[isWords ? view.word : view.region] ?? [];
  const most = strongestOf(values, values.length, view);
  const chooseRegion = (region: number): void => change({ direction: 'regions', region });
  // What counted for the answer are words as well as regions.
  const isAnswers = view.layer === 'relevance' && isWords && view.word === 0;
  const counted = isAnswers ? explanation.relevance[view.answer]?.words : undefined;
  return (
    <div class="explanation">
      <Answers
        answers={explanation.answers}
        expected={expected}
        chosen={view.layer === 'relevance' ? view.answer : undefined}
        onChoose={(answer) => change({ layer: 'relevance', direction: 'words', word: 0, answer })}
      />
      {explanation.isCut && (
        <p class="small">The question is longer than the model reads: its end counted for nothing.</p>
      )}
      {shared === undefined && <Controls explanation={explanation} view={view} onChange={change} />}
      <Words
        words={explanation.words}
        chosen={isWords ? view.word : undefined}
        values={isWords ? counted : values}
        onChoose={(word) => change({ direction: 'words', word })}
      />
      <p class="reading" role="status">
        {readingOf(explanation, view, values)}
      </p>
      <div class="columns">
        <Picture
          picture={picture}
          seen={explanation}
          shares={isWords ? values.map((value) => value / most) : explanation.regions.map(() => 0)}
          chosen={isWords ? undefined : view.region}
          pointed={pointed}
          onChoose={chooseRegion}
        />
        <Regions
          seen={explanation}
          values={isWords ? values : undefined}
          most={most}
          chosen={isWords ? undefined : view.region}
          onChoose={chooseRegion}
          onPoint={setPointed}
        />
      </div>
      <details class="whole" open>
        <summary>Words by regions</summary>
        <p class="small">
          One row for each word piece, one column for each region in the model's order; stronger color is
          more, in the direction chosen. The answer is read from [CLS].
        </p>
        <HeatMap explanation={explanation} view={view} rows={rows as Rows} onChange={change} />
        <p class="small">
          Attention says where a layer took its values from, not why an answer was given; heads differ, and
          their mean hides that. What counted for the answer follows attention through all layers, weighed by
          how much the answer would change (Chefer, Gur and Wolf, 2021): an estimate, as everything of its
          kind.
        </p>
      </details>
    </div>
  );
}

/** The three largest, as a sentence. */
function readingOf(explanation: Explanation, view: View, values: readonly number[]): string {
  const isWords = view.direction === 'words';
  const top = values
    .map((value, i) => ({ value, i }))
    .sort((a, b) => b.value - a.value)
    .slice(0, 3)
    .map(
      ({ value, i }) =>
        `${isWords ? nameOf(explanation, i) : `"${explanation.words[i]}"`} (${percent(value)})`,
    )
    .join(', ');
  if (view.layer === 'relevance' && isWords && view.word === 0) {
    return `For "${explanation.answers[view.answer]?.answer ?? ''}" counted most: ${top}.`;
  }
  const who = isWords ? `"${explanation.words[view.word]}"` : nameOf(explanation, view.region);
  return view.layer === 'relevance' ? `In ${who} counted most: ${top}.` : `${who} looks most at ${top}.`;
}
