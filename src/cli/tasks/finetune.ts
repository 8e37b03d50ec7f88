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
import type { LeftOutCounts } from '../../data/leftOut.js';
import { QuestionSet } from '../../data/questionSet.js';
import type { FeatureStore } from '../../features/index.js';
import { formatCount, formatNumber, formatPercent } from '../../formats/numbers.js';
import { hubOriginsOf } from '../../hub/index.js';
import { readExamples, type Task } from '../../tasks/index.js';
import { loadVocabulary } from '../../text/vocabularyFile.js';
import { type FinetuneResult, finetune, type InitialWeights } from '../../train/index.js';
import { type Command, type CommandContext, defineCommand } from '../command.js';
import { exitCodeOf, thisProcess } from '../processes.js';
import { longRunNotice, rowsOf } from '../runDuration.js';
import { leftOutLimit } from '../sharedOptions/leftOutOption.js';
import { checkStores, openFeatures } from '../sharedOptions/modelOptions.js';
import {
  configOf,
  deviceSettings,
  scheduleSettings,
  snapshotSettings,
} from '../sharedOptions/trainingOptions.js';
import {
  builtFlags,
  type FinetuneFlags,
  rareAnswerFlags,
  sharedFlags,
  spellingFlags,
  tableFlags,
} from './finetuneFlags.js';

/** What the command prints, in the first process. */
type Outcome = Omit<FinetuneResult, 'steps'> & {
  readonly leftOut: Readonly<Record<'training' | 'validation', LeftOutCounts>>;
  readonly process: number;
};

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

async function run(task: Task, options: FinetuneFlags, context: Context): Promise<Outcome> {
  const me = thisProcess(options, context);
  const { notice } = me;
  const weights = weightsOf(options);
  using store = openFeatures(options);
  checkStores(store, options.allowOtherFeatures, notice);
  const vocabulary = await loadVocabulary(options.vocab);
  const { training, validation } = await splitsOf(task, options, store, notice);
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
function weightsOf(options: FinetuneFlags): Pick<InitialWeights, 'file' | 'parts'> | undefined {
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

/** The training examples, of which answers may be made, and those of the validation, with the same answers. */
async function splitsOf(
  task: Task,
  options: FinetuneFlags,
  store: FeatureStore,
  notice: (line: string) => void,
): Promise<{ readonly training: QuestionSet; readonly validation: QuestionSet }> {
  const allExamples = await readExamples(task, options.train);
  const drawn = drawShare(allExamples, options.trainShare, options.seed);
  if (drawn.length < allExamples.length)
    notice(
      `${formatNumber(drawn.length)} of ${formatCount(allExamples.length, 'training example')}, drawn by the seed.`,
    );
  const spelled = madeOneSpelling(task, options, drawn);
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
  const validating = { examples: await readExamples(task, [options.valid]), notices: [] };
  return { training, validation: split(validating, [options.valid], false) };
}

/** The training examples with one spelling of each answer, where the table is made of them. */
function madeOneSpelling(
  task: Task,
  { answers, keepCase = false }: Pick<FinetuneFlags, 'answers' | 'keepCase'>,
  examples: readonly Question[],
): Respelled<Question> {
  const isMade = task.answersInOneSpelling === true && answers === undefined;
  return isMade ? withOneSpelling(examples, keepCase) : { examples, notices: [] };
}

async function answersOf(
  task: Task,
  { answers: file, minOccurrences }: Pick<FinetuneFlags, 'answers' | 'minOccurrences'>,
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
