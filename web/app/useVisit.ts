/** @file What a visitor does: the picture and the question, those asked before, and what the address says of them. */

import { useCallback, useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { TakenAway } from '../../src/explain/removal.js';
import { NOTHING_AWAY } from '../view/away.js';
import { type Address, readAddress, writeAddress } from './address.js';
import { type Answered, type Answering, Sentence, type ShownPicture } from './answering.js';
import type { KnownPicture } from './seen.js';
import { type Task, useTask } from './useTask.js';

/** Questions that are kept, with their pictures. */
const MOST_KEPT = 12;

export interface Visit<P extends ShownPicture, S extends KnownPicture, A extends Answered<P>> {
  readonly pictureTask: Task<P>;
  readonly questionTask: Task<A>;
  /** The picture that is looked at. */
  readonly preview: Pick<P, 'name' | 'url'> | undefined;
  readonly question: string;
  readonly model: string;
  readonly away: TakenAway;
  /** The newest first. */
  readonly earlier: readonly A[];
  readonly onFile: (file: File) => void;
  readonly onSample: (sample: S) => void;
  readonly onChange: (question: string, model: string) => void;
  readonly onAsk: (question: string) => void;
  readonly onAway: (away: TakenAway) => void;
  readonly onEarlier: (asked: A) => void;
}

/** What is asked about a picture as soon as it was seen. */
interface FirstQuestion {
  readonly question: string;
  readonly model: string;
}

export function useVisit<P extends ShownPicture, S extends KnownPicture, A extends Answered<P>>(
  answering: Answering<P, S, A>,
): Visit<P, S, A> {
  const { models, samples, sentenceOf } = answering;
  const [firstModel = ''] = models;
  const pictureTask = useTask<P>(sentenceOf);
  const questionTask = useTask<A>(sentenceOf);
  const [preview, setPreview] = useState<Pick<P, 'name' | 'url'>>();
  const [question, setQuestion] = useState('');
  const [model, setModel] = useState(firstModel);
  const [away, setAway] = useState<TakenAway>(NOTHING_AWAY);
  const [earlier, setEarlier] = useState<readonly A[]>([]);

  const askAbout = (picture: P, asked: string, name: string): void => {
    setQuestion(asked);
    questionTask.run(async (signal) => {
      const known = models.includes(name) ? name : firstModel;
      const answered = await answering.ask(picture, asked, known, signal);
      setEarlier((before) =>
        [answered, ...before.filter((each) => !isSame(each, answered))].slice(0, MOST_KEPT),
      );
      return answered;
    });
  };
  const look = (read: () => Promise<Blob>, name: string, sample?: S, first?: FirstQuestion): void =>
    // Another may be chosen meanwhile: then nothing is to come of this one.
    pictureTask.run(async (signal) => {
      try {
        const file = await read();
        if (file.size === 0) throw new Sentence(`${name} is empty: it has no bytes, and so no picture.`);
        const url = URL.createObjectURL(file);
        if (!signal.aborted) setPreview({ name, url });
        const picture = await answering.see(file, { name, url }, sample, signal);
        if (!signal.aborted) {
          questionTask.set(undefined);
          if (first !== undefined) askAbout(picture, first.question, first.model);
        }
        return picture;
      } finally {
        if (!signal.aborted) setPreview(undefined);
      }
    });
  const onSample = (sample: S, first?: FirstQuestion): void =>
    look(() => answering.sampleFile(sample), sample.name, sample, first);

  const firstQuestionOf = (sample: S | undefined): string | undefined =>
    answering.answersSamples ? sample?.questions[0]?.question : undefined;
  const go = (to: Address | undefined): void => {
    const sample = samples.find(({ name }) => name === to?.picture) ?? samples[0];
    const finished = firstQuestionOf(sample);
    if (sample === undefined) return;
    const name = models.find((each) => each === to?.model) ?? firstModel;
    setAway(to?.away ?? NOTHING_AWAY);
    setModel(name);
    // Without an address the page opens on a finished example.
    const asked = to === undefined ? finished : to.question;
    onSample(sample, asked === undefined ? undefined : { question: asked, model: name });
  };
  const newest = useRef(go);
  newest.current = go;
  // Before anything can be clicked: what the page opens on never takes the place of what a visitor chose.
  useLayoutEffect(() => {
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
    const address = addressOf(picture, isOwn ? asked : undefined, away, firstModel);
    const before = readAddress();
    const isNew =
      before !== undefined && (before.picture !== address?.picture || before.question !== address?.question);
    writeAddress(address, isNew);
    document.title = isOwn ? `${titleOf(asked)} - ${answering.suffix}` : answering.title;
  }, [picture, asked, away, questionTask.isBusy]);

  const newestLook = useRef(look);
  newestLook.current = look;
  const onFile = useCallback((file: File) => {
    setAway(NOTHING_AWAY);
    newestLook.current(async () => file, file.name);
  }, []);
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
      const first = firstQuestionOf(sample);
      onSample(sample, first === undefined ? undefined : { question: first, model });
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

function isSame(one: Answered, other: Answered): boolean {
  const { question, model } = one.explanation;
  return (
    one.picture.id === other.picture.id &&
    question === other.explanation.question &&
    model === other.explanation.model
  );
}

/** Undefined for a picture of the visitor's own. */
function addressOf(
  { sample }: ShownPicture,
  asked: Answered | undefined,
  away: TakenAway,
  firstModel: string,
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

function titleOf({ explanation: { question, answers } }: Answered): string {
  return `${question} ${answers[0]?.answer ?? ''}`;
}
