/** @file A question about the picture that was chosen. */

import { useEffect, useState } from 'preact/hooks';
import type { Explanation } from '../../src/explain/explanation.js';
import type { TakenAway } from '../../src/explain/removal.js';
import { QuestionForm } from '../app/QuestionForm.js';
import { expectedOf, Suggestions } from '../app/Suggestions.js';
import { isDrawn, withSampleNames } from '../app/seen.js';
import { TaskState } from '../app/TaskState.js';
import { useTask } from '../app/useTask.js';
import { NOTHING_AWAY } from '../view/away.js';
import { answerText, ExplanationView } from '../view/ExplanationView.js';
import { once } from '../view/once.js';
import { SeenRegions } from '../view/SeenRegions.js';
import type { LoadParts } from '../view/useParts.js';
import type { ModelClient } from './modelClient.js';
import type { SeenPicture } from './seenPicture.js';
import { sentenceOf } from './siteFiles.js';

interface Props {
  readonly client: ModelClient;
  readonly picture: SeenPicture;
  /** Changes with the model, whose answers are not those of the one before. */
  readonly modelKey: number;
}

export function Ask({ client, picture, modelKey }: Props) {
  const [question, setQuestion] = useState('');
  const task = useTask<Answer>(sentenceOf);
  const [away, setAway] = useState<TakenAway>(NOTHING_AWAY);
  useEffect(() => task.set(undefined), [picture, modelKey]);
  const send = (asked: string): void => {
    setQuestion(asked);
    setAway(NOTHING_AWAY);
    task.run(() => answer(client, picture, asked));
  };
  const { result } = task;
  return (
    <div class="bench">
      <div class="asking">
        <QuestionForm
          label="Question"
          models={[]}
          question={question}
          model=""
          button={{ text: 'Ask', isDisabled: task.isBusy }}
          onChange={setQuestion}
          onAsk={send}
        />
        <Suggestions sample={picture.sample} chosen={result?.explanation.question} onChoose={send} />
        <TaskState task={task} doing="Asking the model" done={({ explanation }) => answerText(explanation)} />
      </div>
      {result === undefined ? (
        <Seen picture={picture} />
      ) : (
        <ExplanationView
          explanation={result.explanation}
          picture={picture.url}
          expected={expectedOf(picture.sample, result.explanation.question)}
          load={result.load}
          away={away}
          onAway={setAway}
          isBusy={task.isBusy}
        />
      )}
    </div>
  );
}

interface Answer {
  readonly explanation: Explanation;
  readonly load: LoadParts;
}

/** The answers come first; what takes as many runs as there are words and regions, after them. */
async function answer(
  client: ModelClient,
  { seen: { key }, sample }: SeenPicture,
  question: string,
): Promise<Answer> {
  const explanation = await client.send({ kind: 'explain', key, question });
  return {
    explanation: { ...explanation, regions: withSampleNames(explanation.regions, sample) },
    load: {
      removal: once(() => client.send({ kind: 'remove', key, question })),
      without: async (without) =>
        (await client.send({ kind: 'remove', key, question, without }))?.together ?? null,
    },
  };
}

/** The picture before anything was asked. */
function Seen({ picture: { url, seen, sample } }: { readonly picture: SeenPicture }) {
  const named = { ...seen, regions: withSampleNames(seen.regions, sample) };
  return <SeenRegions picture={url} seen={named} hasDrawnNames={isDrawn(sample)} />;
}
