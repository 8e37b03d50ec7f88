/** @file A task that is fine-tuned, bound to a model and to data: what the Trainer asks for. */

import { referenceFamily, saveCheckpoint } from '../checkpoint/index.js';
import type { Question } from '../data/annotations/question.js';
import type { AnswerTable } from '../data/answerTable.js';
import { openingAnswers } from '../data/baselines.js';
import { emptySentenceNotice } from '../data/exampleCensus.js';
import { withLabels } from '../data/labelCheck.js';
import { drawsOf } from '../data/pretraining/draws.js';
import { questionHashes } from '../data/questionHashes.js';
import type { QuestionSet } from '../data/questionSet.js';
import { formatPercent } from '../formats/numbers.js';
import type { LxmertInputs, PlacedInputs, TaskModel } from '../model/index.js';
import {
  ANSWER_HEAD,
  answerTaskScores,
  batchInputs,
  type EpochMetrics,
  type Evaluation,
  type EvaluationContext,
  type Mistakes,
  mistakesOf,
  type Prediction,
  type Predictor,
  predictExamples,
  type StepLoss,
  shareOf,
  type TaskScores,
  type TaskTraining,
  type TrainingContext,
} from '../tasks/index.js';
import { WordPieceTokenizer } from '../text/index.js';
import { fromTypedArray, place, type Tensor } from '../torch/index.js';
import type { FinetuneOptions } from './finetuneOptions.js';
import { blindNotice, majorityNotice, mostFrequentAnswer, overlapNotice } from './notices.js';
import { RUN_FILES } from './runFolder.js';
import { withPrefix } from './snapshots/sameData.js';

interface Batch<Head extends string> {
  readonly inputs: LxmertInputs;
  /** Of each head, (B, size) float32. */
  readonly targets: Readonly<Record<Head, Tensor>>;
}

interface Placed<Head extends string> {
  readonly inputs: PlacedInputs;
  readonly targets: Readonly<Record<Head, Tensor>>;
}

export class FinetuneTraining<Example extends Question, Predicted extends Prediction, Head extends string>
  implements TaskTraining<Batch<Head>, Placed<Head>>
{
  /** Of the last evaluation. */
  scores: TaskScores | undefined;
  /** What the validation examples' words alone give. */
  readonly blindScore: number;
  readonly #blind: TaskScores;
  /** Of the last evaluation. */
  #mistakes: Mistakes | undefined;
  readonly answerTable: AnswerTable;
  readonly #predictor: Predictor<Head>;
  /** What the model is evaluated on after each epoch. */
  readonly #evaluated: readonly Example[];
  readonly #isLabelled: boolean;
  readonly #majority: ReturnType<typeof mostFrequentAnswer>;
  #context: TrainingContext | undefined;
  #epoch = 0;

  /** @throws LxmertError for a training example or a whole validation without labels, where a head chooses an answer */
  constructor(
    private readonly model: TaskModel<Head>,
    private readonly options: FinetuneOptions<Example, Predicted, Head>,
  ) {
    const { task, training, validation, settings, vocabulary } = options;
    if (task.heads.some(({ name }) => name === ANSWER_HEAD.name)) requireLabels(training, validation);
    this.answerTable = training.answerTable;
    this.#evaluated = task.evaluated?.(validation.questions) ?? validation.questions;
    const openings = openingAnswers(training.questions, this.#evaluated);
    const blind = answerTaskScores(
      this.#evaluated,
      openings.map((answer) => ({ answer, probability: 1 })),
    );
    this.#blind = blind;
    this.blindScore = blind.overall;
    this.#isLabelled = blind.numQuestions > 0;
    this.#majority = mostFrequentAnswer(this.#evaluated);
    this.#predictor = {
      models: [model],
      activations: task.activations(settings.loss),
      tokenizer: new WordPieceTokenizer(vocabulary),
      answerTable: training.answerTable,
      maxLength: settings.maxLength,
    };
  }

  get name(): string {
    return this.options.task.name;
  }

  get numExamples(): number {
    return this.options.training.size;
  }

  get data(): Readonly<Record<string, number>> {
    return {
      trainingQuestions: this.options.training.size,
      validationQuestions: this.options.validation.size,
    };
  }

  contentHashes(): Readonly<Record<string, string>> {
    const { training, validation, features } = this.options;
    const ofFeatures = features.contentHash?.();
    return {
      ...withPrefix('training', questionHashes(training.questions)),
      ...withPrefix('validation', questionHashes(validation.questions)),
      ...(ofFeatures !== undefined && { features: ofFeatures }),
    };
  }

  begin(context: TrainingContext): void {
    this.#context = context;
    const { training, validation } = this.options;
    for (const { questions, name, notices } of [training, validation]) {
      for (const line of notices) context.say(line);
      const empty = emptySentenceNotice(questions, name);
      if (empty !== undefined) context.say(empty);
    }
    const overlap = overlapNotice(imagesOf(training), imagesOf(validation));
    if (overlap !== undefined) context.say(overlap);
    if (this.#isLabelled) {
      context.say(
        `Without looking at the images: ${formatPercent(this.blindScore)} of the validation questions, by the best answer to each question's words.`,
      );
    }
  }

  startEpoch(epoch: number): void {
    this.#epoch = epoch;
  }

  prepare(indices: readonly number[], epoch: number): Batch<Head> {
    const { features, settings, task } = this.options;
    const examples = indices.map((index) => this.#example(index, epoch));
    const inputs = batchInputs(examples, this.#predictor.tokenizer, features, {
      maxLength: settings.maxLength,
      // Half of what travels to a GPU, whose kernels widen the numbers there.
      forGpu: this.model.device !== 'cpu',
    });
    const targets = task.targets(examples, this.answerTable);
    return {
      inputs,
      targets: this.#eachHead((name, size) => fromTypedArray(targets[name], [indices.length, size])),
    };
  }

  #example(index: number, epoch: number): Example {
    const { task, training, settings } = this.options;
    if (task.sample === undefined) return training.question(index);
    return task.sample(training.questions, index, drawsOf(settings.seed, `epoch ${epoch}`, index));
  }

  prefetch(indices: readonly number[]): void {
    const { training, features } = this.options;
    const images = indices.flatMap((index) => training.question(index).imageIds);
    if (images.length === 0) return;
    if (this.model.device === 'cpu') features.prefetch?.(images);
    else features.prefetchBatch?.(images);
  }

  place({ inputs, targets }: Batch<Head>): Placed<Head> {
    return {
      inputs: this.model.encoder.place(inputs, { rowUnit: this.#context?.rowUnit ?? 1 }),
      targets: this.#eachHead((name) => place(targets[name], this.model.device)),
    };
  }

  loss({ inputs, targets }: Placed<Head>): Tensor | StepLoss {
    const { logits } = this.model.forwardPlaced(inputs, { training: true });
    return this.options.task.trainingLoss(logits, targets, this.options.settings.loss);
  }

  async evaluate({ inShares }: EvaluationContext): Promise<Evaluation> {
    const { task, features } = this.options;
    const shares = await inShares((sharding, signal) =>
      predictExamples(task, this.#predictor, features, shareOf(this.#evaluated, sharding), {
        batchSize: task.defaults.evaluationBatchSize,
        signal,
      }),
    );
    const predictions = shares.flat();
    this.scores = task.scores(this.#evaluated, predictions);
    this.#mistakes = mistakesOf(this.#evaluated, predictions);
    this.#sayMajority(predictions);
    const measured = Object.entries(this.scores.measures).flatMap(([key, { value }]) =>
      value === null ? [] : [[key, value] as const],
    );
    return {
      score: this.scores.overall,
      ...(measured.length > 0 && { details: Object.fromEntries(measured) }),
    };
  }

  #sayMajority(predictions: readonly Predicted[]): void {
    const majority = this.#majority;
    if (majority === undefined || this.#context === undefined) return;
    const stuck = majorityNotice({
      predictedAnswers: predictions.map(({ answer }) => answer),
      majorityAnswer: majority.answer,
      majorityShare: majority.share,
      numSteps: (this.#epoch + 1) * this.#context.numBatches,
    });
    if (stuck !== undefined) this.#context.say(stuck);
  }

  async save(name: 'BEST' | 'LAST'): Promise<void> {
    const { run, task } = this.options;
    const parameters = this.model.namedParameters();
    const heads = task.heads.map(({ prefix }) => prefix);
    const family = referenceFamily(parameters.keys(), heads);
    await saveCheckpoint(run.file(`${name}.pth`), parameters, family, heads);
    if (name === 'BEST' && this.scores !== undefined) {
      await run.writeJson(RUN_FILES.scores, {
        ...scoresRecord(this.scores),
        // What the questions' words alone give, in the same tables.
        ...(this.#isLabelled && {
          wordsAlone: { overall: this.#blind.overall, ...tablesByKey(this.#blind.tables) },
        }),
        ...(this.#mistakes && { mistakes: this.#mistakes }),
      });
    }
  }

  describeEpoch({ epoch, meanLoss, score, bestScore, isBest, seconds }: EpochMetrics): string {
    const best = isBest ? ', the best so far' : `, best ${formatPercent(bestScore)}`;
    return `Epoch ${epoch}: loss ${meanLoss.toFixed(3)}, valid ${formatPercent(score)}${best} (${seconds.toFixed(1)} s)`;
  }

  finish({ bestScore, wasInterrupted }: { bestScore: number; wasInterrupted: boolean }): void {
    const isJudged = !wasInterrupted && this.#isLabelled;
    const notBetter = isJudged ? blindNotice(bestScore, this.blindScore) : undefined;
    if (notBetter !== undefined) this.#context?.say(notBetter);
  }

  #eachHead<T>(make: (name: Head, size: number) => T): Record<Head, T> {
    const made = {} as Record<Head, T>;
    for (const { name, size } of this.model.heads) made[name as Head] = make(name as Head, size);
    return made;
  }
}

/**
 * Against no label a loss trains some answer all the same (of equal targets, the table's first), and a validation without
 * any says after hours that nothing was right.
 */
function requireLabels(training: QuestionSet<Question>, validation: QuestionSet<Question>): void {
  const { answerTable } = training;
  withLabels(training.questions, { name: training.name, answerTable, maxUnlabelled: 0 });
  withLabels(validation.questions, { name: validation.name, answerTable, maxUnlabelled: 1 });
}

/** The best scores so far as scores.json keeps them for the report: tables and measures by their keys. */
function scoresRecord({ overall, numQuestions, tables, measures }: TaskScores): Record<string, unknown> {
  return {
    overall,
    numQuestions,
    ...tablesByKey(tables),
    ...(Object.keys(measures).length > 0 && { measures }),
  };
}

function tablesByKey(tables: TaskScores['tables']): Record<string, unknown> {
  return Object.fromEntries(tables.map(({ key, rows }) => [key, rows]));
}

function imagesOf({ questions }: QuestionSet<Question>): string[] {
  return questions.flatMap(({ imageIds }) => imageIds);
}
