/** @file What a model looked at for its answer: words, picture, regions and the map of both. */

import { useState } from 'preact/hooks';
import type { Explanation } from '../../src/explain/explanation.js';
import { Answers } from './Answers.js';
import { FIRST_VIEW, fitView, percent, rowsOf, strongestOf, type View } from './attention.js';
import { Controls } from './Controls.js';
import { HeatMap } from './HeatMap.js';
import { Picture } from './Picture.js';
import { Regions } from './Regions.js';
import { nameOf } from './regionNames.js';
import { changeText, fallsOf, removalReading } from './removal.js';
import { type LoadRemoval, type ShownRemoval, useRemoval } from './useRemoval.js';
import { Words } from './Words.js';

interface Props {
  readonly explanation: Explanation;
  readonly picture: string | undefined;
  /** Known right answers, for a sample. */
  readonly expected?: readonly string[] | undefined;
  /** Asks for what the answers become without each part, where the explanation came without it. */
  readonly loadRemoval?: LoadRemoval | undefined;
  /** What is shown, when it is decided outside: then there are no controls here. */
  readonly shared?: { readonly view: View; readonly onChange: (change: Partial<View>) => void } | undefined;
}

export function ExplanationView({ explanation, picture, expected, loadRemoval, shared }: Props) {
  const [own, setOwn] = useState(FIRST_VIEW);
  const [pointed, setPointed] = useState<number | undefined>();
  const change = shared?.onChange ?? ((by: Partial<View>) => setOwn((view) => ({ ...view, ...by })));
  const canRemove = Boolean(explanation.removal) || loadRemoval !== undefined;
  const view = fitView(shared?.view ?? own, explanation, canRemove);
  const shown = useRemoval(explanation, view.layer === 'removal', loadRemoval);
  const seen =
    view.layer === 'removal' ? seenByRemoval(explanation, view, shown) : seenByMaps(explanation, view);
  const isWords = view.direction === 'words';
  const chosen = isWords ? undefined : view.region;
  const chooseRegion = (region: number): void => change({ direction: 'regions', region });
  return (
    <div class="explanation">
      <Answers
        answers={explanation.answers}
        expected={expected}
        chosen={typeof view.layer === 'number' ? undefined : view.answer}
        onChoose={(answer) =>
          change({
            layer: view.layer === 'removal' ? 'removal' : 'relevance',
            direction: 'words',
            word: 0,
            answer,
          })
        }
      />
      {explanation.isCut && (
        <p class="small">The question is longer than the model reads: its end counted for nothing.</p>
      )}
      {shared === undefined && (
        <Controls explanation={explanation} view={view} canRemove={canRemove} onChange={change} />
      )}
      <Words
        words={explanation.words}
        chosen={isWords ? view.word : undefined}
        values={seen.words}
        textOf={seen.wordText}
        strongest={seen.wordMost}
        onChoose={(word) => change({ direction: 'words', word })}
      />
      <p class="reading" role="status">
        {seen.reading}
      </p>
      <div class="columns">
        <Picture
          picture={picture}
          seen={explanation}
          shares={explanation.regions.map((_, i) => (seen.regions?.[i] ?? 0) / seen.most)}
          chosen={chosen}
          pointed={pointed}
          onChoose={chooseRegion}
        />
        <Regions
          seen={explanation}
          values={seen.regions}
          textOf={seen.regionText}
          most={seen.most}
          chosen={chosen}
          onChoose={chooseRegion}
          onPoint={setPointed}
        />
      </div>
      {view.layer === 'removal' ? (
        <p class="small">
          Each word and each region was taken away by itself, and the question asked again: a region is not
          there for the model at all, a word not in the question. Changes are in points of a hundred; dashed
          and gray where the answer becomes more probable. It is what the model does without that part, not
          without several at once: of two that say the same, each can be missed.
        </p>
      ) : (
        <WholeMap explanation={explanation} view={view} onChange={change} />
      )}
    </div>
  );
}

/** What words, regions and the sentence between them show. */
interface Seen {
  readonly words: readonly number[] | undefined;
  readonly wordText?: (word: number) => string;
  readonly wordMost?: number;
  readonly regions: readonly number[] | undefined;
  readonly regionText?: (region: number) => string;
  readonly most: number;
  readonly reading: string;
}

function seenByRemoval(explanation: Explanation, view: View, { removal, problem }: ShownRemoval): Seen {
  if (removal === null) {
    const reading = problem ?? 'Asking again without each word and each region ...';
    return { words: undefined, regions: undefined, most: 1, reading };
  }
  const { words, regions, most } = fallsOf(explanation, removal, view);
  return {
    words,
    wordText: (word) => removalReading(explanation, removal, { ...view, direction: 'words', word }),
    wordMost: most,
    regions,
    regionText: (region) => changeText(removal.regions[region], view),
    most,
    reading: removalReading(explanation, removal, view),
  };
}

function seenByMaps(explanation: Explanation, view: View): Seen {
  const isWords = view.direction === 'words';
  const values = rowsOf(explanation, view)[isWords ? view.word : view.region] ?? [];
  // What counted for the answer are words as well as regions.
  const isAnswers = view.layer === 'relevance' && isWords && view.word === 0;
  const counted = isAnswers ? explanation.relevance[view.answer]?.words : undefined;
  return {
    words: isWords ? counted : values,
    regions: isWords ? values : undefined,
    most: strongestOf(values, values.length, view),
    reading: readingOf(explanation, view, values),
  };
}

function WholeMap({
  explanation,
  view,
  onChange,
}: {
  readonly explanation: Explanation;
  readonly view: View;
  readonly onChange: (change: Partial<View>) => void;
}) {
  return (
    <details class="whole" open>
      <summary>Words by regions</summary>
      <p class="small">
        One row for each word piece, one column for each region in the model's order; stronger color is more,
        in the direction chosen. The answer is read from [CLS].
      </p>
      <HeatMap explanation={explanation} view={view} rows={rowsOf(explanation, view)} onChange={onChange} />
      <p class="small">
        Attention says where a layer took its values from, not why an answer was given; heads differ, and
        their mean hides that. What counted for the answer follows attention through all layers, weighed by
        how much the answer would change (Chefer, Gur and Wolf, 2021): an estimate, as everything of its kind.
      </p>
    </details>
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
