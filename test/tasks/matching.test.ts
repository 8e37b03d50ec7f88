import { describe, expect, it } from 'vitest';
import { CheckpointFile, loadWeights } from '../../src/checkpoint/index.js';
import type { Question } from '../../src/data/annotations/question.js';
import { AnswerTable } from '../../src/data/answerTable.js';
import { drawsOf } from '../../src/data/pretraining/draws.js';
import { batchFromRows } from '../../src/features/index.js';
import { TaskModel } from '../../src/model/index.js';
import { task } from '../../src/tasks/matching.js';
import { MATCH_HEAD, type MatchingModel, matchScores } from '../../src/tasks/matchScores.js';
import { withProbabilities } from '../../src/tasks/predict.js';
import { matchProbabilities } from '../../src/tasks/probabilities.js';
import { Vocabulary, WordPieceTokenizer } from '../../src/text/index.js';
import { manualSeed, noGrad, scope, tensor } from '../../src/torch/index.js';
import * as ops from '../../src/torch/operators/index.js';
import { makeRow } from '../features/support.js';
import { Golden, goldenPath, maxDifference } from '../support/golden.js';
import { goldenPretrainingBatch, goldenPretrainingModel } from '../support/goldenPretraining.js';
import { tinyConfig, WORDS } from '../support/tinyLxmert.js';

const pair = (imageId: string, sentence: string, questionId: number): Question => ({
  imageIds: [imageId],
  questionId,
  sentence,
  labels: new Map([['matched', 1]]),
  questionType: '',
  answerType: 'own sentence',
});
const examples = Array.from({ length: 30 }, (_, i) => pair(`image_${Math.floor(i / 5)}`, `sentence ${i}`, i));
const imageOf = new Map(examples.map(({ sentence, imageIds }) => [sentence, imageIds[0]]));
const isMatched = ({ labels }: Question): boolean => labels?.has('matched') === true;
const table = new AnswerTable(task.answers as readonly string[]);

describe('the matching head on the golden weights', () => {
  it("has the reference's loss, and pre-training's logits, with the second output for a match", async () => {
    const golden = new Golden();
    using pretraining = await goldenPretrainingModel(golden);
    using model = new TaskModel(golden.modelConfig(), [MATCH_HEAD]);
    // All of encoder and head come from a pre-training file, under its names.
    loadWeights(await CheckpointFile.open(goldenPath('model_zip.pth')), model.namedParameters(), {
      require: 'all',
    });
    scope(() =>
      noGrad(() => {
        const { inputs, labels } = goldenPretrainingBatch(golden);
        const { match } = model.forward(inputs).logits;
        const { matching } = pretraining.forward(inputs, { matching: true });
        expect(maxDifference(match.toFloat32Array(), matching!.toFloat32Array())).toBeLessThan(2e-5);
        const shown = [...labels.isMatched].map((label, i) => ({
          ...examples[i]!,
          labels: new Map([[label === 1 ? 'matched' : 'mismatched', 1]]),
        }));
        const targets = { match: tensor(task.targets(shown, table).match, [shown.length, 2]) };
        const loss = task.trainingLoss({ match }, targets, 'class') as ReturnType<typeof tensor>;
        expect(Math.abs(loss.item() / golden.index.pretrain.steps[0]!.losses[1]! - 1)).toBeLessThan(1e-5);
        // The same from the probabilities that are printed.
        const logOfRight = matchProbabilities(ops.softmax(match, 1)).map((probability, i) =>
          Math.log(labels.isMatched[i] === 1 ? probability : 1 - probability),
        );
        const mean = -logOfRight.reduce((sum, each) => sum + each, 0) / logOfRight.length;
        expect(Math.abs(mean / golden.index.pretrain.steps[0]!.losses[1]! - 1)).toBeLessThan(1e-4);
      }),
    );
  });
});

describe('what is trained and evaluated on', () => {
  const epoch = (number: number): Question[] =>
    examples.map((_, i) => task.sample!(examples, i, drawsOf(9595, `epoch ${number}`, i)));

  it('half of the images get a sentence of another, by the draws alone', () => {
    const epochs = Array.from({ length: 20 }, (_, number) => epoch(number));
    expect(epoch(3)).toEqual(epochs[3]);
    expect(epochs[4]).not.toEqual(epochs[3]);
    const all = epochs.flat();
    for (const [i, shown] of all.entries()) {
      const own = examples[i % examples.length]!;
      expect(shown.imageIds).toEqual(own.imageIds);
      expect(isMatched(shown)).toBe(shown.sentence === own.sentence);
      expect(imageOf.get(shown.sentence) === shown.imageIds[0]).toBe(isMatched(shown));
    }
    // 600 coins: 5 standard deviations.
    expect(Math.abs(all.filter(isMatched).length - 300)).toBeLessThan(61);
  });

  it('each pair and one exchanged pair are evaluated, the same every time', () => {
    const evaluated = task.evaluated!(examples);
    expect(evaluated).toHaveLength(60);
    expect(task.evaluated!(examples)).toEqual(evaluated);
    for (const [i, own] of examples.entries()) {
      const [first, second] = [evaluated[2 * i]!, evaluated[2 * i + 1]!];
      expect(first).toEqual(own);
      expect(isMatched(second)).toBe(false);
      expect(second.imageIds).toEqual(own.imageIds);
      expect(imageOf.get(second.sentence)).not.toBe(own.imageIds[0]);
    }
    expect(() => task.evaluated!(examples.slice(0, 3))).toThrow('at least two images');
  });

  it('targets and predictions agree on which output is which', () => {
    const evaluated = task.evaluated!(examples).slice(0, 2);
    expect([...task.targets(evaluated, table).match]).toEqual([0, 1, 1, 0]);
    const predictions = scope(() =>
      task.predictions(
        { match: tensor(new Float32Array([0.25, 0.75, 0.875, 0.125]), [2, 2]) },
        table,
        evaluated,
      ),
    );
    expect(predictions).toEqual([
      { answer: 'matched', probability: 0.75, matchProbability: 0.75 },
      { answer: 'mismatched', probability: 0.875, matchProbability: 0.125 },
    ]);
    const scores = task.scores(evaluated, predictions);
    expect([scores.overall, scores.numQuestions]).toEqual([1, 2]);
    expect(scores.tables).toEqual([
      {
        key: 'byAnswerType',
        title: 'By pair',
        rows: [
          { type: 'own sentence', score: 1, numQuestions: 1 },
          { type: "another image's sentence", score: 1, numQuestions: 1 },
        ],
      },
    ]);
    expect(task.dump.row(evaluated[1]!, predictions[1]!)).toBe(
      `{"image":"image_0","text":"${evaluated[1]!.sentence}","probability":0.125}\n`,
    );
  });
});

describe('scores of all sentences with all images', () => {
  const model = (): MatchingModel => {
    manualSeed(11);
    const config = tinyConfig({ intermediateSize: 32, visualFeatureSize: 6, initializerRange: 0.3 });
    return {
      models: [new TaskModel(config, [MATCH_HEAD])],
      activations: { match: 'softmax' },
      tokenizer: new WordPieceTokenizer(new Vocabulary(WORDS)),
      answerTable: table,
      maxLength: 20,
    };
  };
  const ids = Array.from({ length: 7 }, (_, i) => `image_${i}`);
  const rows = new Map(ids.map((id, i) => [id, makeRow(i, { imageId: id, numBoxes: 3 + (i % 2) })]));
  const source = { gather: (some: readonly string[]) => batchFromRows(some.map((id) => rows.get(id)!)) };
  const sentences = ['what color', 'the cat ?', 'is it', 'cat cat', 'is the color what ?'];

  it.each([1, 4, 6, 100])('are those of the pairs one by one, in batches of %i', async (batchSize) => {
    const matching = model();
    try {
      const seen: [number, number][] = [];
      const progress = { update: (done: number, total: number) => void seen.push([done, total]) };
      const scores = await matchScores(matching, source, ids, sentences, { batchSize, progress });
      expect(scores).toHaveLength(35);
      expect(seen.at(-1)).toEqual([35, 35]);
      for (const [i, id] of ids.entries()) {
        for (const [k, sentence] of sentences.entries()) {
          const [probability = 0] = withProbabilities(
            matching,
            source,
            [{ imageIds: [id], sentence }],
            ({ match }) => matchProbabilities(match),
          );
          expect(scores[i * sentences.length + k]).toBeCloseTo(Math.log(probability / (1 - probability)), 4);
        }
      }
      // The model tells both images and sentences apart, or the order of rows would not be tested.
      expect(new Set(scores).size).toBeGreaterThan(30);
    } finally {
      matching.models[0]!.dispose();
    }
  });

  it('end when they are told to', async () => {
    const matching = model();
    const ended = matchScores(matching, source, ids, sentences, {
      batchSize: 4,
      signal: AbortSignal.abort(),
    });
    await expect(ended).rejects.toThrow(/abort/i);
    matching.models[0]!.dispose();
  });
});
