/**
 * @file What a task is: one object that says everything that tells it apart. The commands `finetune`, `evaluate`,
 * `predict` and `score`, their help and their pages are made from it. A new task is a file that exports one, and a line
 * in registry.ts.
 */

import type { z } from 'zod';
import type { Progress } from '../common/progress.js';
import type { Question } from '../data/annotations/question.js';
import type { AnswerTable } from '../data/answerTable.js';
import type { Draws } from '../data/pretraining/draws.js';
import type { UnknownAnswers } from '../data/questionSet.js';
import type { HeadDefinition } from '../model/index.js';
import type { Tensor } from '../torch/index.js';
import type { RegionSource } from './batchInputs.js';
import type { DumpFormat } from './dumpFormat.js';
import type { AnswerLossName } from './losses.js';
import type { Prediction } from './prediction.js';
import type { HeadActivation, Predictor } from './predictor.js';
import type { ProbabilityRows } from './probabilityRows.js';
import type { TaskScores } from './taskScores.js';
import type { StepLoss } from './taskTraining.js';

export type { Prediction };

/** A head of a task; its size may be that of the answer table, which is known when the data is. */
export interface TaskHead<Name extends string = string> extends Omit<HeadDefinition<Name>, 'size'> {
  readonly size: number | 'answers';
}

/** Settings that a run takes unless it is told others. */
export interface TaskDefaults {
  /** The peak. */
  readonly learningRate: number;
  readonly batchSize: number;
  readonly numEpochs: number;
  readonly warmupRatio: number;
  /** The largest global norm of the gradients. */
  readonly clipNorm: number;
  /** Examples a batch in evaluation and prediction. */
  readonly evaluationBatchSize: number;
}

/** A command line and what it does, for help. */
export interface CommandExample {
  /** Without the leading `$`. */
  readonly command: string;
  /** As a phrase: "scores the best weights of a run". */
  readonly does: string;
}

/** What the help of one command says. */
export interface CommandHelp {
  /** One to three sentences on what the command reads, does and leaves behind. */
  readonly description: string;
  readonly examples: readonly [CommandExample, ...CommandExample[]];
}

/** Official scores of a file of predictions: what `lxmert score TASK` does. */
export interface ScoreDefinition<Flags extends z.ZodRawShape = z.ZodRawShape, Result = unknown> {
  readonly help: CommandHelp;
  /** What the file of predictions is. */
  readonly predictions: string;
  /** Files and rules, each with `.describe(...)`. */
  readonly flags: Flags;
  /** @returns plain values, what `--json` prints */
  run(
    predictions: string,
    flags: z.output<z.ZodObject<Flags>>,
    signal: AbortSignal | undefined,
  ): Promise<Result>;
  /** The result as text for a person. */
  render(result: Result): string;
}

/** A definition whose types are inferred from its flags. */
export function defineScore<Flags extends z.ZodRawShape, Result>(
  definition: ScoreDefinition<Flags, Result>,
): ScoreDefinition {
  return definition as unknown as ScoreDefinition;
}

/** What is evaluated, for measures that ask the model more than a prediction of each example. */
export interface EvaluatedModel<Example extends Question = Question, Head extends string = string> {
  readonly predictor: Predictor<Head>;
  readonly source: RegionSource;
  /** Those of the file whose images have features. */
  readonly examples: readonly Example[];
  readonly batchSize: number;
  /** Shows how far work is; `unit` is a plural. */
  progress(label: string, unit: string): Progress & { stop(): void };
  /** Prints a line that is not a result. */
  notice(line: string): void;
  readonly signal: AbortSignal | undefined;
}

/** Measures of a model beside the scores of its predictions: what `lxmert evaluate TASK` also does. */
export interface ModelEvaluation<
  Example extends Question = Question,
  Head extends string = string,
  Flags extends z.ZodRawShape = z.ZodRawShape,
  Result extends object = object,
> {
  /** Each with `.describe(...)`. */
  readonly flags: Flags;
  /** @returns plain values, which `--json` prints beside the scores */
  run(model: EvaluatedModel<Example, Head>, flags: z.output<z.ZodObject<Flags>>): Promise<Result>;
  /** Lines for a person. */
  render(result: Result): readonly string[];
}

/** A definition whose types are inferred from its flags. */
export function defineModelEvaluation<
  Example extends Question,
  Head extends string,
  Flags extends z.ZodRawShape,
  Result extends object,
>(definition: ModelEvaluation<Example, Head, Flags, Result>): ModelEvaluation<Example, Head> {
  return definition as unknown as ModelEvaluation<Example, Head>;
}

/**
 * A task that is fine-tuned: sentences about one image or two, and heads that read the pooled vector.
 *
 * Methods are declared as such, so that tasks with examples, predictions and heads of their own stand in one list.
 */
export interface Task<
  Example extends Question = Question,
  Predicted extends Prediction = Prediction,
  Head extends string = string,
> {
  /** In commands, and in a run's config.json. */
  readonly name: string;
  /** As a person calls it. */
  readonly title: string;
  readonly imagesPerExample: 1 | 2;
  /** Reads an annotation file, one example at a time. @throws LxmertError with file and place for what is wrong */
  read(file: string): AsyncIterable<Example>;
  /** The answers there are; or that a table is named; or that it is made of the training labels unless one is. */
  readonly answers: readonly string[] | 'table' | 'built';
  /**
   * In how many training examples an answer must be for a built table to have it, unless a run says otherwise. Absent:
   * every answer of the training labels is in it. Goes with `unknownAnswers: 'skip'`.
   */
  readonly minOccurrences?: number;
  /** Whether answers that differ only in capitals, blanks or the form of accents are one; absent: they are not. */
  readonly answersInOneSpelling?: boolean;
  /** What becomes of a training label outside the answer table. */
  readonly unknownAnswers: UnknownAnswers;
  /** In the order in which their weights are drawn. */
  readonly heads: readonly TaskHead<Head>[];
  /** How the head called `answer` is trained, unless a run says otherwise. */
  readonly loss: AnswerLossName;
  /**
   * What an epoch makes of an example; absent: nothing. It depends on the draws alone, so that a resumed run sees the
   * same.
   */
  sample?(examples: readonly Example[], index: number, draws: Draws): Example;
  /** What the examples of a split are evaluated on; absent: themselves. */
  evaluated?(examples: readonly Example[]): Example[];
  /** Of each head, (B, size) row-major, each 0 to 1. */
  targets(examples: readonly Example[], answerTable: AnswerTable): Readonly<Record<Head, Float32Array>>;
  /** A scalar with its graph, from logits and targets (B, size) of each head. */
  trainingLoss(
    logits: Readonly<Record<Head, Tensor>>,
    targets: Readonly<Record<Head, Tensor>>,
    loss: AnswerLossName,
  ): Tensor | StepLoss;
  activations(loss: AnswerLossName): Readonly<Record<Head, HeadActivation>>;
  /**
   * From probabilities (B, size) of each head and the examples that they are of; called inside a scope, without gradients.
   */
  predictions(
    probabilities: Readonly<Record<Head, Tensor>>,
    answerTable: AnswerTable,
    examples: readonly Example[],
  ): readonly Predicted[];
  /** The same without libtorch; absent: models that run without it cannot predict this task. */
  plainPredictions?(
    probabilities: Readonly<Record<Head, ProbabilityRows>>,
    answerTable: AnswerTable,
    examples: readonly Example[],
  ): readonly Predicted[];
  /** How right predictions are, one for each example. */
  scores(examples: readonly Example[], predictions: readonly Predicted[]): TaskScores;
  /** The file that the test server or the official script reads. */
  readonly dump: DumpFormat<Example, Predicted>;
  /** The same with the most probable answers of each example in its file; absent where a test server asks for one alone. */
  withTop?(numBest: number): Task<Example, Predicted, Head>;
  /** Of files of predictions; absent for a task without official metrics. */
  readonly score?: ScoreDefinition;
  /** Measures that predictions do not give, such as ranking; absent: none. */
  readonly evaluateModel?: ModelEvaluation<Example, Head>;
  readonly defaults: TaskDefaults;
  readonly help: Readonly<Record<'finetune' | 'evaluate' | 'predict', CommandHelp>>;
}

/** The heads of a model for this task. */
export function headsOf<Head extends string>(
  { heads }: Pick<Task<Question, Prediction, Head>, 'heads'>,
  answerTable: AnswerTable,
): HeadDefinition<Head>[] {
  return heads.map((head) => ({ ...head, size: head.size === 'answers' ? answerTable.size : head.size }));
}
