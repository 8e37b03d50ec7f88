/** @file What an answer was found in: the picture on one side; answers, words, regions and maps on the other. */

import { useState } from 'preact/hooks';
import type { Explanation } from '../../src/explain/explanation.js';
import type { TakenAway } from '../../src/explain/removal.js';
import { AllHeads } from './AllHeads.js';
import { Answers } from './Answers.js';
import { type Can, FIRST_VIEW, fitView, rowsOf, type View, wordShares } from './attention.js';
import { NOTHING_AWAY, numAway, toggled, useWithout } from './away.js';
import { Controls } from './Controls.js';
import { CrossMap } from './CrossMap.js';
import { litByPointed } from './lit.js';
import { Picture } from './Picture.js';
import { Regions } from './Regions.js';
import { readingOf } from './reading.js';
import { awayReading, decisiveOf } from './removal.js';
import { type LoadParts, useParts } from './useParts.js';
import { usePointed } from './usePointed.js';
import { Words } from './Words.js';

export interface ExplanationViewProps {
  readonly explanation: Explanation;
  readonly picture: string | undefined;
  /** Known right answers, for a sample. */
  readonly expected?: readonly string[] | undefined;
  /** Asks for what the explanation came without. */
  readonly load?: LoadParts | undefined;
  /** What is taken away at first, and who is told of changes. */
  readonly away?: TakenAway | undefined;
  readonly onAway?: ((away: TakenAway) => void) | undefined;
  /** What is shown, when it is decided outside: then there are no details here. */
  readonly shared?: { readonly view: View; readonly onChange: (change: Partial<View>) => void } | undefined;
  /** While another question is asked. */
  readonly isBusy?: boolean | undefined;
}

/** Two parts, for a grid: what is looked at, and what was found. */
export function ExplanationView(props: ExplanationViewProps) {
  const { picture, expected, load, shared, isBusy = false } = props;
  const { explanation, can, problems } = useParts(props.explanation, load);
  const [state, setState] = useViewState(props);
  const [pointed, setPointed] = usePointed();
  const change = shared?.onChange ?? ((by: Partial<View>) => setState({ view: { ...state.view, ...by } }));
  const view = fitView(shared?.view ?? state.view, explanation, can);
  const { away } = state;
  const without = useWithout(explanation, away, load?.without);
  const canMany = load?.without !== undefined;
  const canToggle = canMany || explanation.removal !== null;
  const setAway = (to: TakenAway): void => {
    setState({ away: to });
    props.onAway?.(to);
  };
  const toggle = (kind: keyof TakenAway, place: number): void => {
    if (canToggle) setAway(toggled(away, kind, place, canMany));
  };
  const lit = litByPointed(explanation, view, pointed);
  const part = without.value ?? undefined;
  const reading =
    numAway(away) === 0
      ? readingOf(explanation, view)
      : part === undefined
        ? (without.problem ?? 'Asking again ...')
        : awayReading(explanation, away, part, view.answer);
  const marked =
    pointed !== undefined && 'region' in pointed
      ? pointed.region
      : view.direction === 'regions'
        ? view.region
        : undefined;
  return (
    <>
      <div class="looking">
        <Picture
          picture={picture}
          seen={explanation}
          // What was taken away is in the dark; how much the rest counts then was not asked.
          strengths={numAway(away) > 0 && pointed === undefined ? undefined : lit.regions}
          marked={marked}
          away={away.regions}
          onToggle={(region) => toggle('regions', region)}
          onPoint={setPointed}
        />
      </div>
      <div class={`found explanation ${isBusy ? 'older' : ''}`}>
        <Answers
          answers={explanation.answers}
          expected={expected}
          chosen={typeof view.layer === 'number' ? undefined : view.answer}
          without={numAway(away) === 0 ? undefined : part}
          onChoose={(answer) =>
            change({
              layer: view.layer === 'removal' || !can.relevance ? 'removal' : 'relevance',
              direction: 'words',
              word: 0,
              answer,
            })
          }
          onPoint={setPointed}
        />
        <p class="reading" role="status">
          {reading}
        </p>
        {problems.map((problem) => (
          <p key={problem} class="failure" role="alert">
            {problem}
          </p>
        ))}
        <PutBack away={away} onChange={setAway} />
        <Alone explanation={explanation} onAway={setAway} />
        <Words
          explanation={explanation}
          shares={wordShares(explanation, view.answer)}
          strengths={lit.words}
          answer={view.answer}
          away={away.words}
          onToggle={canToggle ? (word) => toggle('words', word) : undefined}
          onPoint={setPointed}
        />
        <Regions
          seen={explanation}
          picture={picture}
          shares={sharesOf(explanation, view)}
          removal={explanation.removal}
          strengths={lit.regions}
          answer={view.answer}
          away={away.regions}
          onToggle={(region) => toggle('regions', region)}
          onPoint={setPointed}
        />
        <Notes explanation={explanation} />
        {shared === undefined && (
          <Details
            explanation={explanation}
            picture={picture}
            view={view}
            can={can}
            loadSelfAttention={load?.selfAttention}
            onChange={change}
          />
        )}
      </div>
    </>
  );
}

interface ViewState {
  readonly view: View;
  readonly away: TakenAway;
}

/** Layer and head stay from one question to the next; what is chosen in the answers of one does not. */
function useViewState({ explanation, away = NOTHING_AWAY }: ExplanationViewProps) {
  const { answers } = explanation;
  const first = { of: answers, view: FIRST_VIEW, away };
  const [kept, setKept] = useState<ViewState & { readonly of: unknown }>(first);
  const state = kept.of === answers ? kept : { ...first, view: { ...FIRST_VIEW, layer: kept.view.layer } };
  const set = (change: Partial<ViewState>): void => setKept({ ...state, ...change });
  return [state as ViewState, set] as const;
}

/** What stands beside each region besides what is without it. */
function sharesOf(explanation: Explanation, view: View) {
  const { layer, direction, word } = view;
  const isNumber = typeof layer === 'number';
  const values = isNumber
    ? direction === 'words'
      ? rowsOf(explanation, view)[word]
      : undefined
    : rowsOf(explanation, { ...view, layer: 'relevance', direction: 'words', word: 0 })[0];
  if (values === undefined) return undefined;
  return { values, called: isNumber ? 'Looked at' : 'Counted' };
}

function PutBack({
  away,
  onChange,
}: {
  readonly away: TakenAway;
  readonly onChange: (away: TakenAway) => void;
}) {
  if (numAway(away) === 0) return null;
  return (
    <p class="put-back">
      <button type="button" class="button" onClick={() => onChange(NOTHING_AWAY)}>
        Put everything back
      </button>
    </p>
  );
}

/** Names shown of what changes the answer. */
const MOST_ALONE = 6;

/** Which single thing, taken away, changes the answer. */
function Alone({
  explanation,
  onAway,
}: {
  readonly explanation: Explanation;
  readonly onAway: (away: TakenAway) => void;
}) {
  const { removal } = explanation;
  if (removal === null) return null;
  const found = decisiveOf(explanation, removal);
  if (found.length === 0)
    return <p class="alone">No word and no region changes the answer when it alone is taken away.</p>;
  return (
    <p class="alone">
      Taken away alone, {found.length === 1 ? 'this changes' : 'each of these changes'} the answer:{' '}
      {found.slice(0, MOST_ALONE).map(({ kind, place, name, instead }) => (
        <button
          key={`${kind} ${place}`}
          type="button"
          class="small-button"
          onClick={() => onAway({ ...NOTHING_AWAY, [kind]: [place] })}
        >
          <bdi>{name}</bdi> <span class="instead">{`to "${instead}"`}</span>
        </button>
      ))}
      {found.length > MOST_ALONE && ` and ${found.length - MOST_ALONE} more`}
    </p>
  );
}

/** What the numbers are, and what the model did not know or read. */
function Notes({ explanation }: { readonly explanation: Explanation }) {
  const { unknownWords, lost, relevance, removal, regions } = explanation;
  const isUnnamed = regions.some(({ label }) => label !== null && /^object \d+/.test(label));
  return (
    <div class="notes-below">
      {unknownWords.length > 0 && (
        <p class="small">
          {`The model's vocabulary does not have ${unknownWords.map((word) => `"${word}"`).join(', ')}: it has never seen ${unknownWords.length === 1 ? 'that word' : 'those words'}.`}
        </p>
      )}
      {lost !== '' && (
        <p class="small">
          The question is longer than the model reads: what is struck through counted for nothing.
        </p>
      )}
      {isUnnamed && (
        <p class="small">
          The names of the detector's labels are not known: put objects_vocab.txt and attributes_vocab.txt
          beside the detector or the features, or name them (--object-names, --attribute-names).
        </p>
      )}
      {removal !== null && (
        <p class="small">
          {relevance.length > 0 &&
            '"Counted" is a share of what was found for the answer; the shares of the regions sum to 100 %, and so do those of the words. '}
          "Without it" is the change of the answer's probability, in points of a hundred, when that part alone
          is taken away, and the answer that comes instead where another does. Click a word or a region to
          take it away.
        </p>
      )}
    </div>
  );
}

interface DetailsProps {
  readonly explanation: Explanation;
  readonly picture: string | undefined;
  readonly view: View;
  readonly can: Can;
  readonly loadSelfAttention: LoadParts['selfAttention'];
  readonly onChange: (change: Partial<View>) => void;
}

function Details(props: DetailsProps) {
  // A closed one is not drawn: it would be again at every move of the pointer.
  const [isOpen, setIsOpen] = useState(false);
  return (
    <details class="whole" onToggle={({ currentTarget }) => setIsOpen(currentTarget.open)}>
      <summary>Details</summary>
      {isOpen && <OpenDetails {...props} />}
    </details>
  );
}

function OpenDetails({ explanation, picture, view, can, loadSelfAttention, onChange }: DetailsProps) {
  const hasMap = view.layer !== 'removal' && rowsOf(explanation, view).length > 0;
  return (
    <>
      <Controls explanation={explanation} view={view} can={can} onChange={onChange} />
      {hasMap && <CrossMap explanation={explanation} picture={picture} view={view} onChange={onChange} />}
      {view.layer === 'removal' && (
        <p class="small">
          Each word and each region was taken away by itself, and the question asked again: a region is not
          there for the model at all, a word not in the question. Dashed where the answer becomes more
          probable. It is what the model does without that part, not without several at once: of two that say
          the same, each can be missed.
        </p>
      )}
      {explanation.layers.length > 0 && (
        <AllHeads explanation={explanation} load={loadSelfAttention} onChange={onChange} />
      )}
    </>
  );
}

/** For those who read aloud what is shown. */
export function answerText(explanation: Explanation): string {
  const [best] = explanation.answers;
  return `The answer: ${best?.answer ?? 'none'}`;
}
