/** @file One question about the picture. */

import { useEffect, useState } from 'preact/hooks';
import type { LxmertClient } from '../../src/serve/client.js';
import { SeenRegions } from '../view/SeenRegions.js';
import { QuestionForm } from './QuestionForm.js';
import { Result } from './Result.js';
import { Suggestions } from './Suggestions.js';
import { explainedRegions, withSampleNames } from './seen.js';
import { type Asked, ask, type ModelFacts, type ShownPicture, sentenceOf } from './server.js';
import { TaskState } from './TaskState.js';
import { useTask } from './useTask.js';

interface Props {
  readonly client: LxmertClient;
  readonly models: readonly ModelFacts[];
  readonly picture: ShownPicture;
}

export function AskTab({ client, models, picture }: Props) {
  const [question, setQuestion] = useState('');
  const [model, setModel] = useState(models[0]?.name ?? '');
  const task = useTask<Asked>(sentenceOf);
  useEffect(() => task.clear(), [picture]);
  const send = (asked: string): void => {
    setQuestion(asked);
    const facts = models.find(({ name }) => name === model) ?? models[0];
    if (facts !== undefined) task.run(() => ask(client, picture, asked, facts));
  };
  return (
    <>
      <QuestionForm
        label="Question"
        models={models}
        question={question}
        model={model}
        button={{ text: 'Ask', isDisabled: task.isBusy }}
        onChange={(changed, name) => {
          setQuestion(changed);
          setModel(name);
        }}
        onAsk={send}
      />
      <Suggestions sample={picture.sample} onChoose={send} />
      <TaskState task={task} doing="Asking the model" done={saidOf} />
      {task.result === undefined ? (
        <Seen picture={picture} />
      ) : (
        <Result asked={task.result} picture={picture} />
      )}
    </>
  );
}

/** What the answer is, in a word. */
export function saidOf(asked: Asked): string {
  const [best] = asked.explanation.answers;
  return `The answer: ${best?.answer ?? 'none'}`;
}

/** The picture before anything was asked. */
function Seen({ picture: { url, seen, sample } }: { readonly picture: ShownPicture }) {
  const { width, height } = seen;
  const regions = withSampleNames(explainedRegions(seen), sample);
  return <SeenRegions picture={url} seen={{ width, height, regions }} hasDrawnNames={sample !== undefined} />;
}
