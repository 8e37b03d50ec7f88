/** @file Fine-tuning a model that answers questions about images. */

import { saveCheckpoint } from '../checkpoint/index.js';
import { type AnswerScores, scoreAnswers } from '../data/answerScore.js';
import { openingAnswers } from '../data/baselines.js';
import type { QuestionSet } from '../data/questionSet.js';
import {
  type LxmertConfig,
  type LxmertInputs,
  type PlacedInputs,
  type QuestionAnsweringModel,
  questionAnsweringModel,
} from '../model/index.js';
import { answerInputs, type RegionSource } from '../tasks/answerInputs.js';
import type { AnsweringTask } from '../tasks/answeringTask.js';
import { ANSWER_LOSSES, type AnswerLossName, probabilitiesOf } from '../tasks/losses.js';
import { type AnsweringModel, predictAnswers } from '../tasks/predictAnswers.js';
import { shareOf } from '../tasks/sharding.js';
import type { TaskTraining, TrainingContext } from '../tasks/taskTraining.js';
import { type Vocabulary, WordPieceTokenizer } from '../text/index.js';
import { fromTypedArray, manualSeed, place, type Tensor } from '../torch/index.js';
import { type InitialWeights, loadInitialWeights } from './initialWeights.js';
import { blindNotice, majorityNotice, mostFrequentAnswer, overlapNotice } from './notices.js';
import { RUN_FILES, type RunFolder } from './runFolder.js';
import { Trainer, type TrainerResult } from './trainer.js';
import type { RunOptions, TrainingSettings } from './trainerOptions.js';

/** The numbers that decide a run, besides data and model. */
export interface FinetuneSettings extends TrainingSettings {
  readonly loss: AnswerLossName;
}

export interface FinetuneOptions extends RunOptions {
  readonly run: RunFolder;
  readonly config: LxmertConfig;
  readonly vocabulary: Vocabulary;
  readonly task: AnsweringTask;
  readonly training: QuestionSet;
  readonly validation: QuestionSet;
  readonly features: RegionSource;
  readonly settings: FinetuneSettings;
  /** Where the first weights come from; nothing means drawn at random. */
  readonly initialWeights?: InitialWeights | undefined;
}

export interface FinetuneResult extends TrainerResult {
  readonly runFolder: string;
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
  const { task, training, settings, config, initialWeights } = options;
  const { answerTable } = training;
  manualSeed(settings.seed);
  const model = questionAnsweringModel(config, answerTable.size, task.imagesPerExample);
  try {
    const answering = new AnswerTraining(model, options);
    const trainer = new Trainer({
      ...options,
      model,
      task: answering,
      loadWeights:
        initialWeights &&
        ((say) => loadInitialWeights(initialWeights, model.namedParameters(), answerTable, say)),
    });
    const result = await trainer.train();
    const { blindScore, scores } = answering;
    return { ...result, runFolder: options.run.path, blindScore, scores };
  } finally {
    model.dispose();
  }
}

interface Batch {
  readonly inputs: LxmertInputs;
  /** (B, answers) float32 */
  readonly targets: Tensor;
}

interface Placed {
  readonly inputs: PlacedInputs;
  readonly targets: Tensor;
}

/** Answers from a table, learned from labelled questions. */
class AnswerTraining implements TaskTraining<Batch, Placed> {
  /** Of the last evaluation. */
  scores: AnswerScores | undefined;
  readonly #answering: AnsweringModel;
  readonly #blind: AnswerScores;
  readonly #majority: ReturnType<typeof mostFrequentAnswer>;
  #context: TrainingContext | undefined;
  #epoch = 0;

  constructor(
    private readonly model: QuestionAnsweringModel,
    private readonly options: FinetuneOptions,
  ) {
    const { training, validation, settings, vocabulary } = options;
    const blindAnswers = openingAnswers(training.questions, validation.questions);
    this.#blind = scoreAnswers(validation.questions, blindAnswers);
    this.#majority = mostFrequentAnswer(validation.questions);
    this.#answering = {
      models: [model],
      probabilities: probabilitiesOf(settings.loss),
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

  get answerTable() {
    return this.options.training.answerTable;
  }

  get blindScore(): number {
    return this.#blind.overall;
  }

  begin(context: TrainingContext): void {
    this.#context = context;
    const { training, validation } = this.options;
    const overlap = overlapNotice(imagesOf(training), imagesOf(validation));
    if (overlap !== undefined) context.say(overlap);
    if (this.#blind.numQuestions > 0) {
      context.say(
        `Without looking at the images: ${percent(this.blindScore)} of the validation questions, by the best answer to each question's words.`,
      );
    }
  }

  startEpoch(epoch: number): void {
    this.#epoch = epoch;
  }

  prepare(indices: readonly number[]): Batch {
    const { training, features, settings } = this.options;
    const questions = indices.map((index) => training.question(index));
    const inputs = answerInputs(questions, this.#answering.tokenizer, features, {
      maxLength: settings.maxLength,
      // Half of what travels to a GPU, whose kernels widen the numbers there.
      forCard: this.model.device !== 'cpu',
    });
    const targets = training.targets(indices);
    return { inputs, targets: fromTypedArray(targets, [indices.length, training.answerTable.size]) };
  }

  prefetch(indices: readonly number[]): void {
    const { training, features } = this.options;
    const images = indices.flatMap((index) => training.question(index).imageIds);
    if (images.length === 0) return;
    if (this.model.device === 'cpu') features.prefetch?.(images);
    else features.prefetchBatch?.(images);
  }

  place({ inputs, targets }: Batch): Placed {
    return {
      inputs: this.model.encoder.place(inputs, { rowUnit: this.#context?.rowUnit ?? 1 }),
      targets: place(targets, this.model.device),
    };
  }

  loss({ inputs, targets }: Placed): Tensor {
    const { logits } = this.model.forwardPlaced(inputs, { training: true });
    return ANSWER_LOSSES[this.options.settings.loss](logits.answer, targets);
  }

  async evaluate({ inShares }: Parameters<TaskTraining['evaluate']>[0]): Promise<{ score: number }> {
    const { task, validation, features } = this.options;
    const { questions } = validation;
    const shares = await inShares((sharding, signal) =>
      predictAnswers(this.#answering, features, shareOf(questions, sharding), {
        batchSize: task.evaluationBatchSize,
        signal,
      }),
    );
    const answers = shares.flat();
    this.scores = scoreAnswers(questions, answers);
    this.#sayMajority(answers);
    return { score: this.scores.overall };
  }

  #sayMajority(predictedAnswers: readonly string[]): void {
    const majority = this.#majority;
    if (majority === undefined || this.#context === undefined) return;
    const stuck = majorityNotice({
      predictedAnswers,
      majorityAnswer: majority.answer,
      majorityShare: majority.share,
      numSteps: (this.#epoch + 1) * this.#context.numBatches,
    });
    if (stuck !== undefined) this.#context.say(stuck);
  }

  async save(name: 'BEST' | 'LAST'): Promise<void> {
    const { run } = this.options;
    await saveCheckpoint(run.file(`${name}.pth`), this.model.namedParameters(), 'reference-finetuned');
    if (name === 'BEST' && this.scores !== undefined) await saveScores(run, this.scores);
  }

  describeEpoch({
    epoch,
    meanLoss,
    score,
    bestScore,
    isBest,
    seconds,
  }: Parameters<TaskTraining['describeEpoch']>[0]): string {
    const best = isBest ? ', the best so far' : `, best ${percent(bestScore)}`;
    return `Epoch ${epoch}: loss ${meanLoss.toFixed(3)}, valid ${percent(score)}${best} (${seconds.toFixed(1)} s)`;
  }

  finish({ bestScore, wasInterrupted }: { bestScore: number; wasInterrupted: boolean }): void {
    const isJudged = !wasInterrupted && this.#blind.numQuestions > 0;
    const notBetter = isJudged ? blindNotice(bestScore, this.blindScore) : undefined;
    if (notBetter !== undefined) this.#context?.say(notBetter);
  }
}

/** The scores of the best weights so far, by type of question and answer: what the report shows. */
async function saveScores(
  run: RunFolder,
  { overall, numQuestions, byQuestionType, byAnswerType }: AnswerScores,
): Promise<void> {
  const rows = (scores: AnswerScores['byQuestionType']) =>
    [...scores].map(([type, { score, numQuestions: count }]) => ({ type, score, numQuestions: count }));
  await run.writeJson(RUN_FILES.scores, {
    overall,
    numQuestions,
    byQuestionType: rows(byQuestionType),
    byAnswerType: rows(byAnswerType),
  });
}

function imagesOf({ questions }: QuestionSet): string[] {
  return questions.flatMap(({ imageIds }) => imageIds);
}

function percent(score: number): string {
  return `${(100 * score).toFixed(2)} %`;
}
