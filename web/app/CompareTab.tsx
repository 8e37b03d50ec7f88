/** @file Two questions about the picture, or one asked of two models, side by side. */

import { useEffect, useState } from 'preact/hooks';
import type { LxmertClient } from '../../src/serve/client.js';
import { FIRST_VIEW, fitView, type View } from '../view/attention.js';
import { Controls } from '../view/Controls.js';
import { saidOf } from './AskTab.js';
import { QuestionForm } from './QuestionForm.js';
import { Result } from './Result.js';
import { Suggestions } from './Suggestions.js';
import { type Asked, ask, type ModelFacts, type ShownPicture, sentenceOf } from './server.js';
import { TaskState } from './TaskState.js';
import { useTask } from './useTask.js';

interface Props {
  readonly client: LxmertClient;
  readonly models: readonly ModelFacts[];
  readonly picture: ShownPicture;
}

interface Side {
  readonly question: string;
  readonly model: string;
}

const LABELS = ['First question', 'Second question'] as const;

export function CompareTab({ client, models, picture }: Props) {
  const [sides, setSides] = useState<readonly [Side, Side]>(() => [
    { question: '', model: models[0]?.name ?? '' },
    { question: '', model: (models[1] ?? models[0])?.name ?? '' },
  ]);
  // Layer, head and direction are common to both; what is chosen in each is its own.
  const [common, setCommon] = useState<View>(FIRST_VIEW);
  const [own, setOwn] = useState<readonly [Partial<View>, Partial<View>]>([{}, {}]);
  const task = useTask<readonly Asked[]>(sentenceOf);
  useEffect(() => task.clear(), [picture]);

  const setSide = (place: number, side: Side): void =>
    setSides(([first, second]) => (place === 0 ? [side, second] : [first, side]));
  const compare = (): void => {
    setOwn([{}, {}]);
    task.run(() =>
      Promise.all(
        sides.map(({ question, model }) => {
          const facts = models.find(({ name }) => name === model) ?? models[0];
          return ask(client, picture, question, facts as ModelFacts);
        }),
      ),
    );
  };
  const isReady = sides.every(({ question }) => question.trim() !== '');
  // Of a model with more to show, where the other has less.
  const [explained] = (task.result ?? []).toSorted(
    (a, b) => b.explanation.layers.length - a.explanation.layers.length,
  );
  return (
    <>
      {sides.map((side, place) => (
        <QuestionForm
          key={LABELS[place]}
          label={LABELS[place] as string}
          models={models}
          question={side.question}
          model={side.model}
          onChange={(question, model) => setSide(place, { question, model })}
          onAsk={() => {
            if (isReady) compare();
          }}
        />
      ))}
      <Suggestions
        sample={picture.sample}
        onChoose={(question) => {
          // The first empty place, then the second: clicks on two suggestions fill both.
          const place = sides[0].question === '' ? 0 : 1;
          setSide(place, { ...sides[place], question });
        }}
      />
      <p>
        <button
          type="button"
          class="primary"
          aria-disabled={!isReady || task.isBusy}
          onClick={() => {
            if (isReady && !task.isBusy) compare();
          }}
        >
          Compare
        </button>
      </p>
      <TaskState task={task} doing="Asking twice" done={(both) => both.map(saidOf).join('. ')} />
      {task.result !== undefined && (
        <>
          {explained !== undefined && (
            <Controls
              explanation={explained.explanation}
              view={fitView(common, explained.explanation, true)}
              canRemove={true}
              onChange={(change) => setCommon((view) => ({ ...view, ...change }))}
            />
          )}
          <div class="sides">
            {task.result.map((asked, place) => (
              <div key={LABELS[place]}>
                {models.length > 1 && <p class="small">{asked.explanation.model}</p>}
                <Result
                  asked={asked}
                  picture={picture}
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
              </div>
            ))}
          </div>
        </>
      )}
    </>
  );
}
