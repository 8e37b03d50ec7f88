/** @file `lxmert finetune TASK`, made from a task. */

import path from 'node:path';
import { z } from 'zod';
import { UsageError } from '../../common/errors.js';
import type { Question } from '../../data/annotations/question.js';
import { type Respelled, spelledAsInTable, withOneSpelling } from '../../data/answerSpelling.js';
import { AnswerTable } from '../../data/answerTable.js';
import { loadAnswerTable } from '../../data/answerTableFiles.js';
import { buildAnswerTable } from '../../data/buildAnswerTable.js';
import { drawShare } from '../../data/drawShare.js';
import { type LeftOutCounts, MAX_LEFT_OUT } from '../../data/leftOut.js';
import { QuestionSet } from '../../data/questionSet.js';
import { formatCount, formatPercent } from '../../formats/numbers.js';
import { hubOriginsOf } from '../../hub/index.js';
import { LOSS_NAMES, type Task } from '../../tasks/index.js';
import { loadVocabulary } from '../../text/vocabularyFile.js';
import { type FinetuneResult, finetune, type InitialWeights } from '../../train/index.js';
import { type Command, type CommandContext, defineCommand } from '../command.js';
import { leftOutLimit, leftOutOption } from '../leftOutOption.js';
import { checkStores, featureOptions, openFeatures, otherFeaturesOption } from '../modelOptions.js';
import { existingFile, outputPath, weightsFile } from '../options.js';
import { exitCodeOf, processOptions, thisProcess } from '../processes.js';
import { longRunNotice, rowsOf } from '../runDuration.js';
import {
  architectureOptions,
  configOf,
  deviceSettings,
  scheduleOptions,
  scheduleSettings,
  snapshotOptions,
  snapshotSettings,
} from '../trainingOptions.js';

/** What the command prints, in the first process. */
type Outcome = Omit<FinetuneResult, 'steps'> & {
  readonly leftOut: Readonly<Record<'training' | 'validation', LeftOutCounts>>;
  readonly process: number;
};

/** Flags of every task, in the order of the help. */
function sharedFlags(task: Task) {
  return {
    train: z.array(existingFile()).min(1).describe('Training examples (JSON)'),
    valid: existingFile().describe('Validation examples (JSON)'),
    trainShare: z
      .number()
      .gt(0)
      .max(1)
      .default(1)
      .describe('Share of the training examples that is used, 0 to 1, drawn by --seed')
      .meta({ valueName: 'SHARE' }),
    ...featureOptions,
    ...otherFeaturesOption,
    ...leftOutOption(MAX_LEFT_OUT),
    vocab: existingFile().describe('Vocabulary file (BERT vocab.txt)'),
    output: outputPath().describe('Run folder to make; without --resume it must not hold files yet'),
    loadEncoder: weightsFile().optional().describe('Pre-trained weights; the heads are drawn anew'),
    load: weightsFile().optional().describe("Weights to go on from, the task's heads included"),
    ...architectureOptions,
    ...scheduleOptions({
      noun: 'examples',
      ...task.defaults,
    }),
    ...snapshotOptions,
    ...processOptions,
    seed: z
      .int()
      .min(0)
      .default(9595)
      .describe('Seed of the first weights, dropout and order')
      .meta({ valueName: 'SEED' }),
  };
}

/** Flags that start answers from the rows of a pre-trained head. */
const pretrainedAnswerFlags = {
  loadWithAnswers: weightsFile()
    .optional()
    .describe('Pre-trained weights; answers that the pre-trained head knows start from its rows'),
  pretrainingAnswers: existingFile()
    .optional()
    .describe('Answer table of the pre-trained head (all_ans.json), for --load-with-answers'),
};

/** Flags of tasks whose answers stand in a table. */
const tableFlags = {
  answers: existingFile().describe('Answer table (label2ans JSON)'),
  ...pretrainedAnswerFlags,
  mceLoss: z
    .boolean()
    .default(false)
    .describe('Cross-entropy against the best answer in place of binary cross-entropy'),
};

/** Flags of tasks whose table is made of the training labels. */
function builtFlags({ loss }: Task) {
  return {
    answers: existingFile()
      .optional()
      .describe('Answer table (label2ans JSON) [default: made of the training labels]'),
    ...pretrainedAnswerFlags,
    loss: z.enum(LOSS_NAMES).default(loss).describe('class: one right answer; soft: several, or scores'),
  };
}

/** Flags of tasks that make answers in several spellings one. */
const spellingFlags = {
  keepCase: z
    .boolean()
    .default(false)
    .describe('Keep answers apart that differ in capitals alone, in the table that is made'),
};

/** Flags of tasks whose rare answers are left out of the table that is made. */
function rareAnswerFlags({ minOccurrences }: Task) {
  return {
    minOccurrences: z
      .int()
      .min(1)
      .default(minOccurrences ?? 1)
      .describe('Training examples that an answer must be in to be in the table that is made'),
  };
}

type SharedFlags = z.output<z.ZodObject<ReturnType<typeof sharedFlags>>>;
type TableFlags = z.output<z.ZodObject<typeof tableFlags>>;
type BuiltFlags = z.output<z.ZodObject<ReturnType<typeof builtFlags>>>;
type RareAnswerFlags = z.output<z.ZodObject<ReturnType<typeof rareAnswerFlags>>>;
type SpellingFlags = z.output<z.ZodObject<typeof spellingFlags>>;
type Flags = SharedFlags &
  Partial<TableFlags> &
  Partial<BuiltFlags> &
  Partial<RareAnswerFlags> &
  Partial<SpellingFlags>;
type Context = Pick<CommandContext<unknown, unknown>, 'progress' | 'notice' | 'signal'>;

/** The command of a task. */
export function finetuneCommand(task: Task): Command {
  const common = {
    ...task.help.finetune,
    configurable: true,
    needsLibtorch: true,
    arguments: z.strictObject({}),
    render,
    exitCode: exitCodeOf,
  };
  const shared = sharedFlags(task);
  if (task.answers !== 'table') {
    const ofTable = task.answers === 'built' ? builtFlags(task) : {};
    const ofSpelling = task.answersInOneSpelling === true ? spellingFlags : {};
    const ofRareAnswers = task.minOccurrences === undefined ? {} : rareAnswerFlags(task);
    return defineCommand({
      ...common,
      options: z.strictObject({ ...shared, ...ofTable, ...ofRareAnswers, ...ofSpelling }),
      run: ({ options, ...context }) => run(task, options, context),
    });
  }
  const { train, valid, trainShare, features, tiny, fast, allowOtherFeatures, maxLeftOut, ...rest } = shared;
  return defineCommand({
    ...common,
    options: z.strictObject({
      train,
      valid,
      trainShare,
      features,
      tiny,
      fast,
      allowOtherFeatures,
      maxLeftOut,
      ...tableFlags,
      ...rest,
    }),
    run: ({ options, ...context }) => run(task, options, context),
  });
}

async function run(task: Task, options: Flags, context: Context): Promise<Outcome> {
  const me = thisProcess(options, context);
  const { notice } = me;
  const weights = weightsOf(options);
  using store = openFeatures(options);
  checkStores(store, options.allowOtherFeatures, notice);
  const vocabulary = await loadVocabulary(options.vocab);
  const allExamples = await readAll(task, options.train);
  const trainingExamples = drawShare(allExamples, options.trainShare, options.seed);
  if (trainingExamples.length < allExamples.length)
    notice(`${trainingExamples.length} of ${allExamples.length} training examples, drawn by the seed.`);
  const spelled = madeOneSpelling(task, options, trainingExamples);
  const answerTable = await answersOf(task, options, spelled.examples, notice);
  if (task.answers === 'built' && options.answers === undefined)
    notice(
      answerTable.size === 1
        ? `All training labels are '${answerTable.answer(0)}', the only answer that the model will have.`
        : `${formatCount(answerTable.size, 'answer')}, made of the training labels.`,
    );
  const split = (given: Respelled<Question>, files: readonly string[], isTraining: boolean) => {
    const inTable =
      task.answersInOneSpelling === true ? spelledAsInTable(given.examples, answerTable) : given;
    return new QuestionSet({
      questions: inTable.examples,
      notices: [...new Set([...given.notices, ...inTable.notices])],
      hasImage: (id) => store.has(id),
      imageIds: store.imageIds,
      maxLeftOut: leftOutLimit(options),
      needsLabels: true,
      answerTable,
      unknownAnswers: isTraining ? task.unknownAnswers : 'skip',
      name: files.map((file) => path.basename(file)).join(', '),
    });
  };
  const training = split(spelled, options.train, true);
  const validating = { examples: await readAll(task, [options.valid]), notices: [] };
  const validation = split(validating, [options.valid], false);
  const config = await configOf(options, weights?.file, vocabulary, store, notice);
  if (deviceSettings(options).device === 'cpu') {
    const rows = rowsOf(training.questions, vocabulary, store, options.maxLength);
    const planned = { config, precision: options.precision, numEpochs: options.epochs, ...rows };
    const sentence = longRunNotice({ ...planned, isFromScratch: weights === undefined });
    if (sentence !== undefined) notice(sentence);
  }
  const pretrainingAnswers =
    options.pretrainingAnswers === undefined
      ? undefined
      : await loadAnswerTable(options.pretrainingAnswers, { say: notice });
  const runFolder = await me.openRun();
  const { steps: _, ...result } = await me.showing('Training', 'steps', (progress) =>
    finetune({
      task,
      training,
      validation,
      features: store,
      vocabulary,
      config,
      settings: {
        ...scheduleSettings(options),
        loss: options.loss ?? (options.mceLoss === true ? 'best-answer' : task.loss),
      },
      initialWeights: weights && { ...weights, pretrainingAnswers },
      run: runFolder,
      snapshots: snapshotSettings(options),
      provenance: {
        command: `finetune ${task.name}`,
        options,
        ...hubOriginsOf(options),
        features: store.origins,
      },
      device: deviceSettings(options),
      distributed: me.distributed,
      progress,
      signal: context.signal,
      notice,
    }),
  );
  return {
    ...result,
    leftOut: { training: training.leftOut.counts, validation: validation.leftOut.counts },
    process: me.number,
  };
}

/** @throws UsageError for flags that contradict each other or lack their companion */
function weightsOf(options: Flags): Pick<InitialWeights, 'file' | 'parts'> | undefined {
  const { load, loadEncoder, loadWithAnswers, pretrainingAnswers } = options;
  if ([load, loadEncoder, loadWithAnswers].filter((file) => file !== undefined).length > 1) {
    throw new UsageError('--load, --load-encoder and --load-with-answers contradict each other: give one.');
  }
  if ((loadWithAnswers === undefined) !== (pretrainingAnswers === undefined)) {
    throw new UsageError('--load-with-answers and --pretraining-answers belong together: give both or none.');
  }
  if (load !== undefined) return { file: load, parts: 'all' };
  if (loadEncoder !== undefined) return { file: loadEncoder, parts: 'encoder' };
  return loadWithAnswers === undefined ? undefined : { file: loadWithAnswers, parts: 'answers' };
}

async function readAll(task: Task, files: readonly string[]): Promise<Question[]> {
  const questions: Question[] = [];
  for (const file of files) for await (const question of task.read(file)) questions.push(question);
  return questions;
}

/** The training examples with one spelling of each answer, where the table is made of them. */
function madeOneSpelling(
  task: Task,
  { answers, keepCase = false }: Pick<Flags, 'answers' | 'keepCase'>,
  examples: readonly Question[],
): Respelled<Question> {
  const isMade = task.answersInOneSpelling === true && answers === undefined;
  return isMade ? withOneSpelling(examples, keepCase) : { examples, notices: [] };
}

async function answersOf(
  task: Task,
  { answers: file, minOccurrences }: Pick<Flags, 'answers' | 'minOccurrences'>,
  training: readonly Question[],
  notice: (line: string) => void,
): Promise<AnswerTable> {
  if (file !== undefined) return loadAnswerTable(file, { say: notice });
  return typeof task.answers === 'string'
    ? buildAnswerTable(training, minOccurrences)
    : new AnswerTable(task.answers);
}

function render(result: Outcome): string {
  if (result.process > 0) return '';
  const lines: string[] = [];
  if (result.wasInterrupted) {
    lines.push(
      `Interrupted after ${formatCount(result.numSteps, 'step')}; LAST.pth and a snapshot are saved. The same command with --resume goes on.`,
    );
  }
  if (result.bestEpoch !== undefined) {
    lines.push(
      `Best: ${formatPercent(result.bestScore)} after epoch ${result.bestEpoch}; ${formatPercent(result.blindScore)} without looking at the images.`,
    );
  } else if (!result.wasInterrupted) {
    lines.push('No epoch scored above 0, so there is no BEST.pth.');
  }
  lines.push(`The run is in ${result.runFolder}.`);
  return lines.join('\n');
}
