/** @file Fine-tuning a model that answers questions about images. */

import { saveCheckpoint } from '../checkpoint/index.js';
import { type AnswerScores, scoreAnswers } from '../data/answerScore.js';
import { openingAnswers } from '../data/baselines.js';
import type { QuestionSet } from '../data/questionSet.js';
import { type QuestionAnsweringModel, questionAnsweringModel } from '../model/index.js';
import { answerInputs, type RegionSource } from '../tasks/answerInputs.js';
import type { AnsweringTask } from '../tasks/answeringTask.js';
import { ANSWER_LOSSES, type AnswerLossName, probabilitiesOf } from '../tasks/losses.js';
import { type AnsweringModel, predictAnswers } from '../tasks/predictAnswers.js';
import { WordPieceTokenizer } from '../text/index.js';
import { fromTypedArray, place } from '../torch/index.js';
import { shareOf } from './distributed/shardedBatches.js';
import { type InitialWeights, loadInitialWeights } from './initialWeights.js';
import { blindNotice, majorityNotice, mostFrequentAnswer, overlapNotice } from './notices.js';
import type { RunFolder } from './runFolder.js';
import { type RunOptions, type RunSettings, type TrainingRunResult, trainInFolder } from './trainingRun.js';

/** The numbers that decide a run, besides data and model. The defaults are the paper's for VQA. */
export interface FinetuneSettings extends RunSettings {
  readonly loss: AnswerLossName;
}

export interface FinetuneOptions extends RunOptions {
  readonly task: AnsweringTask;
  readonly training: QuestionSet;
  readonly validation: QuestionSet;
  readonly features: RegionSource;
  readonly settings: FinetuneSettings;
  /** Where the first weights come from; nothing means drawn at random. */
  readonly initialWeights?: InitialWeights | undefined;
}

export interface FinetuneResult extends TrainingRunResult {
  /** What the validation questions' words alone give, see `openingAnswers`. */
  readonly blindScore: number;
  /** Scores of the last epoch's evaluation. */
  readonly scores: AnswerScores | undefined;
}

/**
 * Trains and leaves in the run folder, besides what every run leaves: BEST.pth and LAST.pth under the reference's
 * fine-tuned names, and the best scores.
 */
export async function finetuneAnswers(options: FinetuneOptions): Promise<FinetuneResult> {
  const { task, training, validation, settings, config, initialWeights } = options;
  const { answerTable } = training;
  const loss = ANSWER_LOSSES[settings.loss];
  const blindAnswers = openingAnswers(training.questions, validation.questions);
  const blind = scoreAnswers(validation.questions, blindAnswers);
  let scores: AnswerScores | undefined;
  const result = await trainInFolder(options, {
    task: task.name,
    settings,
    data: { trainingQuestions: training.size, validationQuestions: validation.size },
    numExamples: training.size,
    answerTable,
    makeModel: () => questionAnsweringModel(config, answerTable.size, task.imagesPerExample),
    loadWeights:
      initialWeights &&
      ((model, say) => loadInitialWeights(initialWeights, model.namedParameters(), answerTable, say)),
    start: ({ model, log, numBatches, rowUnit, say, inShares }) => {
      const answering: AnsweringModel = {
        models: [model],
        probabilities: probabilitiesOf(settings.loss),
        tokenizer: new WordPieceTokenizer(options.vocabulary),
        answerTable,
        maxLength: settings.maxLength,
      };
      const overlap = overlapNotice(imagesOf(training), imagesOf(validation));
      if (overlap !== undefined) say(overlap);
      const majority = mostFrequentAnswer(validation.questions);
      if (blind.numQuestions > 0) {
        say(
          `Without looking at the images: ${percent(blind.overall)} of the validation questions, by the best answer to each question's words.`,
        );
      }
      let epoch = 0;
      return {
        startEpoch: (number) => {
          epoch = number;
        },
        prepare: (indices) => {
          const questions = indices.map((index) => training.question(index));
          const inputs = answerInputs(questions, answering.tokenizer, options.features, {
            maxLength: settings.maxLength,
            // Half of what travels to a card, whose kernels widen the numbers there.
            forCard: model.device !== 'cpu',
          });
          const targets = training.targets(indices);
          return { inputs, targets: fromTypedArray(targets, [indices.length, answerTable.size]) };
        },
        foresee: (indices) => {
          const images = indices.flatMap((index) => training.question(index).imageIds);
          if (images.length === 0) return;
          if (model.device === 'cpu') options.features.prefetch?.(images);
          else options.features.prefetchBatch?.(images);
        },
        place: ({ inputs, targets }) => ({
          inputs: model.encoder.place(inputs, { rowUnit }),
          targets: place(targets, model.device),
        }),
        loss: ({ inputs, targets }) =>
          loss(model.forwardPlaced(inputs, { training: true }).logits.answer, targets),
        evaluate: async (signal) => {
          const { questions } = validation;
          const { evaluationBatchSize: batchSize } = task;
          const shares = await inShares(
            (sharding, until) =>
              predictAnswers(answering, options.features, shareOf(questions, sharding), {
                batchSize,
                signal: until,
              }),
            signal,
          );
          const answers = shares.flat();
          scores = scoreAnswers(questions, answers);
          const stuck =
            majority &&
            majorityNotice({
              predictedAnswers: answers,
              majorityAnswer: majority.answer,
              majorityShare: majority.share,
              numSteps: (epoch + 1) * numBatches,
            });
          if (stuck !== undefined) say(stuck);
          return scores.overall;
        },
        save: async (name) => {
          await saveWeights(options.run, name, model);
          if (name === 'BEST' && scores !== undefined) await log.bestScores(scores);
        },
        describeEpoch: ({ epoch: number, meanLoss, score, bestScore, isBest, seconds }) => {
          const best = isBest ? ', the best so far' : `, best ${percent(bestScore)}`;
          return `Epoch ${number}: loss ${meanLoss.toFixed(3)}, valid ${percent(score)}${best} (${seconds.toFixed(1)} s)`;
        },
        finish: ({ bestScore, wasInterrupted }) => {
          const isJudged = !wasInterrupted && blind.numQuestions > 0;
          const notBetter = isJudged ? blindNotice(bestScore, blind.overall) : undefined;
          if (notBetter !== undefined) say(notBetter);
        },
      };
    },
  });
  return { ...result, blindScore: blind.overall, scores };
}

function imagesOf({ questions }: QuestionSet): string[] {
  return questions.flatMap(({ imageIds }) => imageIds);
}

async function saveWeights(
  run: RunFolder,
  name: 'BEST' | 'LAST',
  model: QuestionAnsweringModel,
): Promise<void> {
  await saveCheckpoint(run.file(`${name}.pth`), model.namedParameters(), 'reference-finetuned');
}

function percent(score: number): string {
  return `${(100 * score).toFixed(2)} %`;
}
