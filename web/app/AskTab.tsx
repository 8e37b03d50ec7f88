/** @file One question about the picture, and what came back. */

import type { Explanation } from '../../src/explain/explanation.js';
import type { TakenAway } from '../../src/explain/removal.js';
import { answerText, ExplanationView } from '../view/ExplanationView.js';
import { SeenRegions } from '../view/SeenRegions.js';
import type { Answered, ShownPicture } from './answering.js';
import { QuestionForm } from './QuestionForm.js';
import { expectedOf, Suggestions } from './Suggestions.js';
import { isDrawn, withSampleNames } from './seen.js';
import { TaskState } from './TaskState.js';
import type { Task } from './useTask.js';

interface Props {
  readonly models: readonly { readonly name: string; readonly isOfSampleWorld: boolean }[];
  readonly picture: ShownPicture;
  readonly task: Pick<Task<Answered>, 'isBusy' | 'failure' | 'result'>;
  readonly question: string;
  readonly model: string;
  readonly away: TakenAway;
  readonly onAway: (away: TakenAway) => void;
  readonly onChange: (question: string, model: string) => void;
  readonly onAsk: (question: string) => void;
  /** What stands below the answer. */
  readonly children?: preact.ComponentChildren;
}

export function AskTab(props: Props) {
  const { models, picture, task, question, model, away, onAway, onChange, onAsk, children } = props;
  // Of the picture before, nothing is shown beside this one.
  const asked = task.result?.picture === picture ? task.result : undefined;
  return (
    <div class="bench">
      <div class="asking">
        <QuestionForm
          label="Question"
          models={models}
          question={question}
          model={model}
          button="Ask"
          onChange={onChange}
          onAsk={onAsk}
        />
        <Suggestions sample={picture.sample} chosen={asked?.explanation.question} onChoose={onAsk} />
        {!isDrawn(picture.sample) && models.find(({ name }) => name === model)?.isOfSampleWorld && (
          <p class="small">
            This model knows drawn shapes alone, as in the samples: what it answers about other pictures means
            nothing.
          </p>
        )}
        <TaskState task={task} doing="Asking the model" done={saidOf} />
      </div>
      {asked === undefined ? (
        <Seen picture={picture} />
      ) : (
        <ExplanationView
          explanation={namedBy(asked)}
          picture={picture.url}
          expected={expectedOf(picture.sample, asked.explanation.question)}
          load={asked.load}
          away={away}
          onAway={onAway}
          isBusy={task.isBusy}
        />
      )}
      {children !== undefined && <div class="below">{children}</div>}
    </div>
  );
}

/** What the answer is, in a word. */
export function saidOf({ explanation }: Answered): string {
  return answerText(explanation);
}

const named = new WeakMap<Answered, Explanation>();

/** With the names of what was drawn; the same object for the same answer. */
export function namedBy(asked: Answered): Explanation {
  const known = named.get(asked);
  if (known !== undefined) return known;
  const { explanation, picture } = asked;
  const found = { ...explanation, regions: withSampleNames(explanation.regions, picture.sample) };
  named.set(asked, found);
  return found;
}

/** The picture before anything was asked. */
export function Seen({ picture: { url, seen, sample } }: { readonly picture: ShownPicture }) {
  const { width, height } = seen;
  const regions = withSampleNames(seen.regions, sample);
  return <SeenRegions picture={url} seen={{ width, height, regions }} hasDrawnNames={isDrawn(sample)} />;
}
