/** @file Questions about random regions, the same for all sides, as files that each can read. */

import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { Random } from '../../common/random.js';
import type { FeatureRow } from '../../features/index.js';
import { lengthOf, NUM_REGIONS } from '../questions.js';

const FEATURE_SIZE = 2048;
const SIDE = 1000;
const VOCABULARY_SIZE = 30522;
export const NUM_ANSWERS = 3129;
/** A batch of them, each about its own image. */
export const NUM_QUESTIONS = 32;
/** Where BERT's vocabulary has them. */
const SPECIAL: Readonly<Record<number, string>> = {
  0: '[PAD]',
  100: '[UNK]',
  101: '[CLS]',
  102: '[SEP]',
  103: '[MASK]',
};

export interface BenchQuestion {
  readonly sentence: string;
  /** Of the sentence, [CLS] and [SEP] included. */
  readonly inputIds: readonly number[];
  readonly row: FeatureRow;
}

/** Files that loading a model asks for, where {@link writeQuestions} writes them. */
export interface QuestionFiles {
  readonly vocabulary: string;
  readonly answers: string;
}

export function questionFiles(folder: string): QuestionFiles {
  return { vocabulary: path.join(folder, 'vocab.txt'), answers: path.join(folder, 'answers.json') };
}

/** The same ones, whoever draws them. */
export function drawQuestions(numQuestions: number): BenchQuestion[] {
  return Array.from({ length: numQuestions }, (_, i) => drawQuestion(i));
}

/** Draws them, and writes what the other side reads and what the export asks for. */
export function writeQuestions(
  folder: string,
  numQuestions: number,
): QuestionFiles & { readonly questions: readonly BenchQuestion[] } {
  const questions = drawQuestions(numQuestions);
  const described = questions.map(({ inputIds, row }) => ({
    inputIds,
    boxes: Array.from({ length: NUM_REGIONS }, (_, k) =>
      [...row.boxes.subarray(4 * k, 4 * k + 4)].map((x) => x / SIDE),
    ),
  }));
  writeFileSync(path.join(folder, 'questions.json'), JSON.stringify(described));
  writeFileSync(
    path.join(folder, 'features.bin'),
    Buffer.concat(questions.map(({ row }) => new Uint8Array(row.features.buffer))),
  );
  const { vocabulary, answers } = questionFiles(folder);
  const words = Array.from({ length: VOCABULARY_SIZE }, (_, id) => SPECIAL[id] ?? wordOf(id));
  writeFileSync(vocabulary, `${words.join('\n')}\n`);
  writeFileSync(answers, JSON.stringify(Array.from({ length: NUM_ANSWERS }, (_, i) => `answer ${i}`)));
  return { questions, vocabulary, answers };
}

function drawQuestion(index: number): BenchQuestion {
  const random = new Random(index);
  const ids = Array.from({ length: lengthOf(index) - 2 }, () => 1000 + random.integer(29000));
  const corners = Array.from({ length: NUM_REGIONS }, () => {
    const [left, top] = [random.integer(800), random.integer(800)];
    return [left, top, left + 50 + random.integer(150), top + 50 + random.integer(150)];
  });
  return {
    sentence: ids.map(wordOf).join(' '),
    inputIds: [101, ...ids, 102],
    row: {
      imageId: `drawn${index}`,
      height: SIDE,
      width: SIDE,
      numBoxes: NUM_REGIONS,
      objectsId: new BigInt64Array(NUM_REGIONS),
      objectsConf: new Float32Array(NUM_REGIONS).fill(0.5),
      attrsId: new BigInt64Array(NUM_REGIONS),
      attrsConf: new Float32Array(NUM_REGIONS).fill(0.5),
      boxes: Float32Array.from(corners.flat()),
      features: Float32Array.from({ length: NUM_REGIONS * FEATURE_SIZE }, () => random.uniform()),
    },
  };
}

/** One piece of the vocabulary each. */
function wordOf(id: number): string {
  return `w${id}`;
}
