/** @file Writes the GQA-style files of a sample world. */

import path from 'node:path';
import { Random } from '../../../common/random.js';
import { writeJsonArray, writeJsonObject } from '../../annotations/jsonWriter.js';
import { AnswerTable } from '../../answerTable.js';
import { saveAnswerTable } from '../../answerTableFiles.js';
import { AnswerBalance } from '../answerBalance.js';
import type { SampleSplit, SceneSource } from '../sceneSource.js';
import { composeQuestions, entailments, equivalences } from './composeQuestions.js';
import type { SampleGqaQuestion } from './gqaQuestion.js';

/** GQA's splits and the world's whose pictures they are about: the real testdev too is about VQA's test pictures. */
export const GQA_SPLITS = { train: 'train', valid: 'minival', testdev: 'test' } as const satisfies Record<
  string,
  SampleSplit
>;
export type GqaSplit = keyof typeof GQA_SPLITS;

/** Where the files lie, relative to the world's folder. */
export const GQA_FILES = {
  questions: (split: string) => path.join('gqa', `${split}.json`),
  answers: path.join('gqa', 'trainval_label2ans.json'),
  /** The questions of testdev with their types, groups and entailments, as the data set's own metrics read them. */
  official: path.join('gqa', 'testdev_questions.json'),
} as const;

/** The questions of one picture with their ids. */
interface AskedImage {
  readonly imageId: string;
  readonly ids: readonly string[];
  readonly questions: readonly SampleGqaQuestion[];
}

/**
 * Writes questions of every split, the answer table (the answers of train and valid) and testdev's questions with all
 * that GQA's metrics need.
 *
 * @param onSentence told every sentence that is written
 * @returns the number of questions of each split
 */
export async function writeGqa(
  folder: string,
  source: SceneSource,
  onSentence: (sentence: string) => void,
  signal?: AbortSignal,
): Promise<Record<GqaSplit, number>> {
  const answers = new Set<string>();
  const write = (split: GqaSplit): Promise<number> =>
    writeJsonArray(
      path.join(folder, GQA_FILES.questions(split)),
      annotations(askedImages(source, split, signal), (question) => {
        onSentence(question.sentence);
        if (split !== 'testdev') answers.add(question.answer);
      }),
    );
  const counts = {
    train: await write('train'),
    valid: await write('valid'),
    testdev: await write('testdev'),
  };
  await saveAnswerTable(new AnswerTable([...answers].sort()), path.join(folder, 'gqa'));
  // Drawn again rather than kept: the questions depend on the seed alone.
  await writeJsonObject(
    path.join(folder, GQA_FILES.official),
    officialEntries(askedImages(source, 'testdev', signal)),
  );
  return counts;
}

function* askedImages(source: SceneSource, split: GqaSplit, signal?: AbortSignal): Generator<AskedImage> {
  const sceneSplit = GQA_SPLITS[split];
  const words = source.words(sceneSplit);
  const balance = new AnswerBalance();
  for (let i = 0; i < source.numImages[sceneSplit]; i++) {
    signal?.throwIfAborted();
    const scene = source.scene(sceneSplit, i);
    const random = Random.derive(source.seed, `gqa ${scene.imageId}`);
    const questions = composeQuestions(scene, words, source.questionsPerImage, balance, random);
    const ids = questions.map((_, k) => questionId(split, i, k));
    yield { imageId: scene.imageId, ids, questions };
  }
}

/** Digits with zeros in front, as in the real files: a reader that makes numbers of them loses the ids. */
function questionId(split: GqaSplit, imageIndex: number, questionIndex: number): string {
  const number = Object.keys(GQA_SPLITS).indexOf(split);
  return `${number}${String(imageIndex).padStart(6, '0')}${String(questionIndex).padStart(2, '0')}`;
}

function* annotations(
  images: Iterable<AskedImage>,
  onQuestion: (question: SampleGqaQuestion) => void,
): Generator<object> {
  for (const { imageId, ids, questions } of images) {
    for (const [k, question] of questions.entries()) {
      onQuestion(question);
      yield {
        img_id: imageId,
        label: { [question.answer]: 1 },
        question_id: ids[k],
        sent: question.sentence,
      };
    }
  }
}

function* officialEntries(images: Iterable<AskedImage>): Generator<readonly [string, object]> {
  for (const { imageId, ids, questions } of images) {
    const entailed = entailments(questions);
    const equivalent = equivalences(questions);
    for (const [k, question] of questions.entries()) {
      const idsOf = (numbers: readonly number[] | undefined): unknown[] =>
        (numbers ?? []).map((each) => ids[each]);
      yield [
        ids[k] as string,
        {
          semantic: question.steps,
          entailed: idsOf(entailed[k]),
          equivalent: idsOf(equivalent[k]),
          question: question.sentence,
          imageId,
          isBalanced: true,
          groups: { global: question.globalGroup, local: question.localGroup },
          answer: question.answer,
          types: {
            detailed: question.detailed,
            semantic: question.semantic,
            structural: question.structural,
          },
        },
      ];
    }
  }
}
