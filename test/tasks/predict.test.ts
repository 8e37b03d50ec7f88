import { describe, expect, it } from 'vitest';
import { AnswerTable } from '../../src/data/answerTable.js';
import { batchFromRows } from '../../src/features/index.js';
import { questionAnsweringModel, useForInference } from '../../src/model/index.js';
import { task as aokvqa } from '../../src/tasks/aokvqa.js';
import { type AnsweringModel, predictExamples, rankAnswers } from '../../src/tasks/predict.js';
import { Vocabulary, WordPieceTokenizer } from '../../src/text/index.js';
import { type Device, manualSeed, ShapeGraphs } from '../../src/torch/index.js';
import { makeRow } from '../features/support.js';
import { gpuDevices } from '../support/devices.js';
import { tinyConfig, WORDS } from '../support/tinyLxmert.js';

const ANSWERS = ['one', 'two', 'three', 'four', 'five', 'six'];
const NOTHING_AROUND = { note: () => undefined, restore: () => undefined };

function answeringOn(device: Device, precision: 'float32' | 'bfloat16' = 'float32'): AnsweringModel {
  manualSeed(11);
  const config = tinyConfig({ intermediateSize: 32, visualFeatureSize: 6, initializerRange: 0.3 });
  const model = questionAnsweringModel(config, ANSWERS.length);
  useForInference(model, precision, device);
  return {
    models: [model],
    activations: { answer: 'softmax' },
    tokenizer: new WordPieceTokenizer(new Vocabulary(WORDS)),
    answerTable: new AnswerTable(ANSWERS),
    maxLength: 20,
    graphs: device === 'cpu' ? undefined : [new ShapeGraphs(device, NOTHING_AROUND)],
  };
}

function end({ models, graphs = [] }: AnsweringModel): void {
  for (const each of [...models, ...graphs]) each.dispose();
}

const rows = new Map(['a', 'b', 'c'].map((id, i) => [id, makeRow(i, { imageId: id, numBoxes: 3 + i })]));
const source = { gather: (ids: readonly string[]) => batchFromRows(ids.map((id) => rows.get(id)!)) };
const questions = [
  { imageIds: ['a'], sentence: 'what color is the cat ?' },
  { imageIds: ['b'], sentence: 'what color is the cat ?' },
  { imageIds: ['a'], sentence: 'is the cat color ?' },
  { imageIds: ['c'], sentence: 'what cat ?' },
];

it('choices are those of each question, in batches of questions that share images', async () => {
  const model = answeringOn('cpu');
  try {
    const examples = questions.map((question, i) => ({
      ...question,
      questionId: `q${i}`,
      labels: undefined,
      questionType: '',
      answerType: '',
      // Other choices for each, one of which the table lacks.
      choices: [ANSWERS[i]!, 'none', ANSWERS[i + 2]!],
      correctChoice: undefined,
      directAnswers: undefined,
      isDifficult: false,
    }));
    const ranked = rankAnswers(model, source, questions, ANSWERS.length);
    const expected = ranked.map((answers, i) => ({
      answer: answers[0]!.answer,
      choice: answers.find(({ answer }) => [ANSWERS[i], ANSWERS[i + 2]].includes(answer))!.answer,
    }));
    const predicted = await predictExamples(aokvqa, model, source, examples, { batchSize: 3 });
    expect(predicted).toMatchObject(expected);
  } finally {
    end(model);
  }
});

describe.each(gpuDevices)('answers on %s', (device) => {
  it("are the processor's, recorded as graphs or not, to questions that share images and to single ones", () => {
    const [host, gpu] = [answeringOn('cpu'), answeringOn(device)];
    try {
      // Often enough that each shape is recorded and replayed.
      for (let time = 0; time < 5; time++) {
        for (const some of [questions, questions.slice(time % 4, (time % 4) + 1)]) {
          const [expected, found] = [rankAnswers(host, source, some, 3), rankAnswers(gpu, source, some, 3)];
          expect(found.map((ranked) => ranked.map(({ answer }) => answer))).toEqual(
            expected.map((ranked) => ranked.map(({ answer }) => answer)),
          );
          for (const [i, ranked] of found.entries()) {
            for (const [k, { probability }] of ranked.entries()) {
              expect(probability).toBeCloseTo(expected[i]![k]!.probability, 5);
            }
          }
        }
      }
      expect(gpu.graphs?.[0]?.numGraphs).toBeGreaterThan(0);
    } finally {
      end(host);
      end(gpu);
    }
  });

  it('in bfloat16 are close to those in float32', () => {
    const [host, gpu] = [answeringOn('cpu'), answeringOn(device, 'bfloat16')];
    try {
      const [expected, found] = [rankAnswers(host, source, questions), rankAnswers(gpu, source, questions)];
      for (const [i, [best]] of found.entries()) {
        expect(Math.abs(best!.probability / expected[i]![0]!.probability - 1)).toBeLessThan(0.1);
      }
    } finally {
      end(host);
      end(gpu);
    }
  });
});
