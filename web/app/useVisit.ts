/** @file What a visitor does: the picture and the question, those asked before, and what the address says of them. */

import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import type { TakenAway } from '../../src/explain/removal.js';
import type { SampleResponse } from '../../src/serve/api.js';
import { NOTHING_AWAY } from '../view/away.js';
import { type Address, readAddress, writeAddress } from './address.js';
import { type Asked, ask, type ChosenPicture, Sentence, sentenceOf } from './server.js';
import type { Server } from './useServer.js';
import { type Task, useTask } from './useTask.js';

/** Questions that are kept, with their pictures. */
const MOST_KEPT = 12;

export interface Visit {
  readonly pictureTask: Task<ChosenPicture>;
  readonly questionTask: Task<Asked>;
  /** The picture that is looked at. */
  readonly preview: Pick<ChosenPicture, 'name' | 'url'> | undefined;
  readonly question: string;
  readonly model: string;
  readonly away: TakenAway;
  /** The newest first. */
  readonly earlier: readonly Asked[];
  readonly onFile: (file: File) => void;
  readonly onSample: (sample: SampleResponse) => void;
  readonly onChange: (question: string, model: string) => void;
  readonly onAsk: (question: string) => void;
  readonly onAway: (away: TakenAway) => void;
  readonly onEarlier: (asked: Asked) => void;
}

/** What is asked about a picture as soon as it was seen. */
interface FirstQuestion {
  readonly question: string;
  readonly model: string;
}

export function useVisit({ client, models, samples }: Server): Visit {
  const pictureTask = useTask<ChosenPicture>(sentenceOf);
  const questionTask = useTask<Asked>(sentenceOf);
  const [preview, setPreview] = useState<Visit['preview']>();
  const [question, setQuestion] = useState('');
  const [model, setModel] = useState(models[0]?.name ?? '');
  const [away, setAway] = useState<TakenAway>(NOTHING_AWAY);
  const looks = useRef(0);
  const [earlier, setEarlier] = useState<readonly Asked[]>([]);

  const askAbout = (picture: ChosenPicture, asked: string, name: string): void => {
    setQuestion(asked);
    const facts = models.find((each) => each.name === name) ?? models[0];
    if (facts === undefined) return;
    questionTask.run(async () => {
      const answered = await ask(client, picture, asked, facts);
      setEarlier((before) =>
        [answered, ...before.filter((each) => !isSame(each, answered))].slice(0, MOST_KEPT),
      );
      return answered;
    });
  };
  const look = (
    read: () => Promise<Blob>,
    name: string,
    sample?: SampleResponse,
    first?: FirstQuestion,
  ): void =>
    pictureTask.run(async () => {
      const number = ++looks.current;
      // Another may be chosen meanwhile: then nothing is to come of this one.
      const isCurrent = (): boolean => number === looks.current;
      try {
        const file = await read();
        if (file.size === 0) throw new Sentence(`${name} is empty: it has no bytes, and so no picture.`);
        const url = URL.createObjectURL(file);
        if (isCurrent()) setPreview({ name, url });
        const picture = { file, name, sample, url, seen: await client.regions(file) };
        if (isCurrent()) {
          questionTask.set(undefined);
          if (first !== undefined) askAbout(picture, first.question, first.model);
        }
        return picture;
      } finally {
        if (isCurrent()) setPreview(undefined);
      }
    });
  const onSample = (sample: SampleResponse, first?: FirstQuestion): void =>
    look(() => client.samplePicture(sample.name), sample.name, sample, first);

  const go = (to: Address | undefined): void => {
    const sample = samples.find(({ name }) => name === to?.picture) ?? samples[0];
    const [finished] = sample?.questions ?? [];
    if (sample === undefined) return;
    const name = models.find((each) => each.name === to?.model)?.name ?? models[0]?.name ?? '';
    setAway(to?.away ?? NOTHING_AWAY);
    setModel(name);
    // Without an address the page opens on a finished example.
    const asked = to === undefined ? finished?.question : to.question;
    onSample(sample, asked === undefined ? undefined : { question: asked, model: name });
  };
  const newest = useRef(go);
  newest.current = go;
  useEffect(() => {
    newest.current(readAddress());
    const onMove = (): void => newest.current(readAddress());
    addEventListener('popstate', onMove);
    return () => removeEventListener('popstate', onMove);
  }, []);

  const { result: asked } = questionTask;
  const { result: picture } = pictureTask;
  useEffect(() => {
    // What is asked about a new picture comes into the address with it.
    if (picture === undefined || questionTask.isBusy) return;
    const isOwn = asked?.picture === picture;
    const address = addressOf(picture, isOwn ? asked : undefined, away, models[0]?.name);
    const before = readAddress();
    const isNew =
      before !== undefined && (before.picture !== address?.picture || before.question !== address?.question);
    writeAddress(address, isNew);
    document.title = isOwn ? titleOf(asked) : 'Ask about a picture - LXMERT';
  }, [picture, asked, away, questionTask.isBusy]);

  const onFile = useCallback(
    (file: File) => {
      setAway(NOTHING_AWAY);
      look(async () => file, file.name);
    },
    [client],
  );
  return {
    pictureTask,
    questionTask,
    preview,
    question,
    model,
    away,
    earlier,
    onFile,
    onSample: (sample) => {
      setAway(NOTHING_AWAY);
      const [first] = sample.questions;
      // A sample without a question of one's own is shown with an answer.
      onSample(sample, first === undefined ? undefined : { question: first.question, model });
    },
    onChange: (changed, name) => {
      setQuestion(changed);
      setModel(name);
    },
    onAsk: (text) => {
      if (picture === undefined) return;
      setAway(NOTHING_AWAY);
      askAbout(picture, text, model);
    },
    onAway: setAway,
    onEarlier: (before) => {
      setAway(NOTHING_AWAY);
      setQuestion(before.explanation.question);
      setModel(before.explanation.model);
      pictureTask.set(before.picture);
      questionTask.set(before);
    },
  };
}

function isSame(one: Asked, other: Asked): boolean {
  const { question, model } = one.explanation;
  return (
    one.picture.seen.imageId === other.picture.seen.imageId &&
    question === other.explanation.question &&
    model === other.explanation.model
  );
}

/** Undefined for a picture of the visitor's own. */
function addressOf(
  { sample }: ChosenPicture,
  asked: Asked | undefined,
  away: TakenAway,
  firstModel: string | undefined,
): Address | undefined {
  if (sample === undefined) return undefined;
  const { question, model } = asked?.explanation ?? {};
  return {
    picture: sample.name,
    question,
    model: model === firstModel ? undefined : model,
    away: asked === undefined ? NOTHING_AWAY : away,
  };
}

function titleOf({ explanation: { question, answers } }: Asked): string {
  return `${question} ${answers[0]?.answer ?? ''} - LXMERT`;
}
