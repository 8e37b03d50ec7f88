/** @file Two questions about the picture, or one asked of two models, side by side. */

import { useLayoutEffect, useState } from 'preact/hooks';
import type { LxmertClient } from '../../src/serve/client.js';
import { FIRST_VIEW, fitView, type View } from '../view/attention.js';
import { Controls } from '../view/Controls.js';
import { ExplanationView } from '../view/ExplanationView.js';
import { namedBy, Seen, saidOf } from './AskTab.js';
import { QuestionForm } from './QuestionForm.js';
import { expectedOf, Suggestions } from './Suggestions.js';
import { type Asked, ask, type ChosenPicture, type ModelFacts, sentenceOf } from './server.js';
import { TaskState } from './TaskState.js';
import { useTask } from './useTask.js';

interface Props {
  readonly client: LxmertClient;
  readonly models: readonly ModelFacts[];
  readonly picture: ChosenPicture;
  /** Whether the tab is seen: two pictures of which one is hidden would be drawn for nothing. */
  readonly isOpen: boolean;
}

interface Side {
  readonly question: string;
  readonly model: string;
}

const LABELS = ['First question', 'Second question'] as const;

export function CompareTab({ client, models, picture, isOpen }: Props) {
  const [sides, setSides] = useState<readonly [Side, Side]>(() => [
    { question: '', model: models[0]?.name ?? '' },
    { question: '', model: (models[1] ?? models[0])?.name ?? '' },
  ]);
  // Layer, head and direction are common to both; what is chosen in each is its own.
  const [common, setCommon] = useState<View>(FIRST_VIEW);
  const [own, setOwn] = useState<readonly [Partial<View>, Partial<View>]>([{}, {}]);
  const [isTried, setIsTried] = useState(false);
  const task = useTask<readonly Asked[]>(sentenceOf);
  useLayoutEffect(() => task.set(undefined), [picture]);

  const missing = sides.flatMap(({ question }, place) => (question.trim() === '' ? [LABELS[place]] : []));
  const setSide = (place: number, side: Side): void =>
    setSides(([first, second]) => (place === 0 ? [side, second] : [first, side]));
  const compare = (): void => {
    setIsTried(true);
    if (missing.length > 0) return;
    setOwn([{}, {}]);
    task.run((signal) =>
      Promise.all(
        sides.map(({ question, model }) => {
          const facts = models.find(({ name }) => name === model) ?? models[0];
          return ask(client, picture, question, facts as ModelFacts, signal);
        }),
      ),
    );
  };
  const chooseSuggestion = (question: string): void => {
    // The first empty place, then the second: clicks on two suggestions fill both.
    const place = sides[0].question === '' ? 0 : 1;
    setSide(place, { ...sides[place], question });
  };
  const shown = task.result?.every((asked) => asked.picture === picture) ? task.result : undefined;
  // Of a model with more to show, where the other has less.
  const [explained] = (shown ?? []).toSorted(
    (a, b) => b.explanation.layers.length - a.explanation.layers.length,
  );
  return (
    <>
      <div class="pair">
        {sides.map((side, place) => (
          <QuestionForm
            key={LABELS[place]}
            label={LABELS[place] as string}
            models={models}
            question={side.question}
            model={side.model}
            onChange={(question, model) => setSide(place, { question, model })}
            onAsk={compare}
          />
        ))}
      </div>
      <Suggestions sample={picture.sample} onChoose={chooseSuggestion} />
      <p>
        <button type="button" class="primary" onClick={compare}>
          Compare
        </button>
      </p>
      {isTried && missing.length > 0 && (
        <p class="failure" role="alert">
          {`Two answers are compared: write the ${missing.join(' and the ').toLowerCase()} too. It can be the same one${models.length > 1 ? ', of another model' : ''}.`}
        </p>
      )}
      <TaskState task={task} doing="Asking twice" done={(both) => both.map(saidOf).join('. ')} />
      {isOpen && shown === undefined && (
        <div class="bench">
          <Seen picture={picture} />
        </div>
      )}
      {explained !== undefined && (
        <Controls
          explanation={explained.explanation}
          view={fitView(common, explained.explanation, canOf(explained))}
          can={canOf(explained)}
          hasLooking={false}
          onChange={(change) => setCommon((view) => ({ ...view, ...change }))}
        />
      )}
      {shown !== undefined && (
        <div class="sides">
          {shown.map((asked, place) => (
            <section key={LABELS[place]} aria-label={`Answer to the ${LABELS[place]?.toLowerCase()}`}>
              <h2 dir="auto">{asked.explanation.question}</h2>
              {models.length > 1 && <p class="small">{asked.explanation.model}</p>}
              <ExplanationView
                explanation={namedBy(asked)}
                picture={picture.url}
                expected={expectedOf(picture.sample, asked.explanation.question)}
                load={asked.load}
                shared={{
                  view: { ...common, ...own[place] },
                  onChange: ({ direction, layer, head, ...change }) => {
                    setCommon((view) => ({
                      ...view,
                      ...(direction === undefined ? {} : { direction }),
                      ...(layer === undefined ? {} : { layer }),
                    }));
                    setOwn(([left, right]) =>
                      place === 0 ? [{ ...left, ...change }, right] : [left, { ...right, ...change }],
                    );
                  },
                }}
              />
            </section>
          ))}
        </div>
      )}
    </>
  );
}

/** What an answer has, or will have. */
function canOf({ explanation, load }: Asked) {
  return {
    relevance: load.relevance !== undefined,
    removal: load.removal !== undefined || explanation.removal !== null,
  };
}
