/** @file A question about the picture that was chosen. */

import { useEffect, useState } from 'preact/hooks';
import type { Explanation } from '../../src/explain/explanation.js';
import { QuestionForm } from '../app/QuestionForm.js';
import { expectedOf, Suggestions } from '../app/Suggestions.js';
import { withSampleNames } from '../app/seen.js';
import { TaskState } from '../app/TaskState.js';
import { useTask } from '../app/useTask.js';
import { ExplanationView } from '../view/ExplanationView.js';
import { SeenRegions } from '../view/SeenRegions.js';
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
  const task = useTask<Explanation>(sentenceOf);
  useEffect(() => task.clear(), [picture, modelKey]);
  const send = (asked: string): void => {
    setQuestion(asked);
    task.run(() => client.send({ kind: 'explain', key: picture.seen.key, question: asked }));
  };
  return (
    <>
      <QuestionForm
        label="Question"
        models={[]}
        question={question}
        model=""
        button={{ text: 'Ask', isDisabled: task.isBusy }}
        onChange={setQuestion}
        onAsk={send}
      />
      <Suggestions sample={picture.sample} onChoose={send} />
      <TaskState
        task={task}
        doing="Asking the model"
        done={({ answers }) => `The answer: ${answers[0]?.answer ?? 'none'}`}
      />
      {task.result === undefined ? (
        <Seen picture={picture} />
      ) : (
        <Answered client={client} explanation={task.result} picture={picture} />
      )}
    </>
  );
}

function Answered({
  client,
  explanation,
  picture: { url, seen, sample },
}: {
  readonly client: ModelClient;
  readonly explanation: Explanation;
  readonly picture: SeenPicture;
}) {
  const { question, regions } = explanation;
  return (
    <section class="result" aria-label="Answer">
      <h2 dir="auto">{question}</h2>
      <ExplanationView
        explanation={{ ...explanation, regions: withSampleNames(regions, sample) }}
        picture={url}
        expected={expectedOf(sample, question)}
        loadRemoval={() => client.send({ kind: 'remove', key: seen.key, question })}
      />
    </section>
  );
}

/** The picture before anything was asked. */
function Seen({ picture: { url, seen, sample } }: { readonly picture: SeenPicture }) {
  const named = { ...seen, regions: withSampleNames(seen.regions, sample) };
  return (
    <SeenRegions
      picture={url}
      seen={named}
      hasDrawnNames={sample !== undefined && sample.objects.length > 0}
    />
  );
}
