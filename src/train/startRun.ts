/** @file How a training begins: the processes meet, a snapshot or the first weights are loaded, config.json is written. */

import { existsSync } from 'node:fs';
import type { LoadReport } from '../checkpoint/index.js';
import { version } from '../common/version.js';
import { loadAnswerTable, saveAnswerTable } from '../data/answerTableFiles.js';
import { formatCount } from '../formats/numbers.js';
import type { TaskTraining } from '../tasks/index.js';
import { loadVocabulary, saveVocabulary } from '../text/vocabularyFile.js';
import { bfloat16Warning, loadWarning, runtimeLine } from '../torch/index.js';
import { type Agreement, flattened } from './distributed/agreement.js';
import { DataParallel } from './distributed/dataParallel.js';
import { clearRescueMarks } from './distributed/rescue.js';
import type { LearningRateSchedule } from './learningRateSchedule.js';
import type { Optimizer } from './optimizers/optimizer.js';
import { makeRunConfig, type RunConfig } from './runConfig.js';
import { RUN_FILES, type RunFolder } from './runFolder.js';
import { type ContentHashes, contentHashesOf, contentName, requireSameData } from './snapshots/sameData.js';
import { isBefore, requireSameRun, type SameRun } from './snapshots/sameRun.js';
import { Snapshots, type SnapshotTarget } from './snapshots/snapshots.js';
import type { TrainingState } from './snapshots/trainingState.js';
import type { DeviceSettings, TrainerOptions, TrainingSettings } from './trainerOptions.js';

/** What of a trainer's options counts here. */
type StartOptions = Omit<TrainerOptions, 'task'> & {
  readonly task: Pick<TaskTraining, 'name' | 'data' | 'contentHashes' | 'answerTable'>;
};

/** What the trainer has made of its options. */
export interface RunPlan {
  readonly settings: Required<TrainingSettings>;
  readonly schedule: LearningRateSchedule;
  readonly say: (line: string) => void;
  /** Of the data; none of a training that keeps nothing. */
  readonly hashes: ContentHashes;
}

/** Waits for the other processes; undefined for a process that is alone. @throws LxmertError when they differ */
export async function joinProcesses(
  options: StartOptions,
  plan: RunPlan,
  optimizer: Optimizer,
  signal: AbortSignal,
): Promise<DataParallel | undefined> {
  const { distributed, run } = options;
  if (distributed === undefined || run === undefined) return undefined;
  return DataParallel.join({
    process: distributed.process,
    timeoutSeconds: distributed.timeoutSeconds,
    device: optimizer.parameters.device,
    run,
    seed: plan.settings.seed,
    signal,
    agreement: agreementOf(options, plan, optimizer),
  });
}

/** What a run begins with. */
interface RunBeginning {
  /** Where it goes on; undefined at the beginning. */
  readonly state: TrainingState | undefined;
  readonly loadReport: LoadReport | undefined;
}

/** A run that this process is about to write. */
export interface OpenedRun {
  /** Its configuration; undefined for one that begins. */
  readonly before: RunConfig | undefined;
  /** What config.json is to hold of this start. */
  readonly kept: SameRun & { readonly settings: { readonly maxLength: number } };
  /** Parts of the data that a run of an earlier version kept no hashes of. */
  readonly unchecked: readonly string[];
}

/**
 * Compares a run that is to go on with this start, before anything is written, and makes this process its writer.
 *
 * @throws UsageError when settings, model or data are others; the run is then untouched
 * @throws LxmertError when another process writes the run
 */
export async function openRun(
  { run, config, task, snapshots }: StartOptions,
  plan: RunPlan,
  optimizer: Optimizer,
): Promise<OpenedRun> {
  const kept = { model: { ...config }, settings: settingsOf(plan, optimizer), data: task.data };
  if (run?.isOurs !== true) return { before: undefined, kept, unchecked: [] };
  const before = snapshots?.resume === true ? await run.readJson(RUN_FILES.config) : undefined;
  if (before === undefined) {
    await run.startWriting({ isNew: true });
    return { before, kept, unchecked: [] };
  }
  const started = requireSameRun(before, kept);
  const unchecked = requireSameData(started.hashes ?? (await hashesOfTables(run)), plan.hashes);
  await run.startWriting({ isNew: false });
  return { before: started, kept, unchecked };
}

/**
 * Brings model and optimizer to where the run begins, in all processes alike, and writes what does not change.
 *
 * @throws LxmertError when a snapshot or the first weights do not fit the model
 */
export async function beginRun(
  options: StartOptions,
  plan: RunPlan,
  target: SnapshotTarget,
  { before, kept, unchecked }: OpenedRun,
  processGroup: DataParallel | undefined,
): Promise<RunBeginning> {
  const { run, loadWeights } = options;
  const { settings, say } = plan;
  const isOurs = run?.isOurs !== false;
  if (run?.isOurs === true) await clearRescueMarks(run.path);
  sayRuntime(options.device, settings, say);
  if (unchecked.length > 0) {
    say(
      `An earlier version began this run and kept no hashes of its data, so it could not be checked whether these are as they were: ${unchecked.map(contentName).join('; ')}.`,
    );
  }
  const isResumed = isOurs && options.snapshots?.resume === true;
  const restored = isResumed ? await restoreSnapshot(options, target, before !== undefined, say) : undefined;
  const loadReport = isOurs && restored === undefined ? await loadWeights?.(say) : undefined;
  target.parameters.refreshCopies();
  const state =
    processGroup === undefined ? restored : processGroup.begin(target.parameters, target.optimizer, restored);
  if (processGroup !== undefined) {
    const numOwn = settings.batchSize / processGroup.worldSize;
    say(`${processGroup.worldSize} processes, ${formatCount(numOwn, 'example')} of each batch in each.`);
  }
  if (before === undefined) await writeConfig(options, plan, kept);
  else await raiseEpochs(before, settings.numEpochs, options);
  if (run?.isOurs === true) await writeTables(run, options);
  return { state, loadReport };
}

async function writeConfig(
  { run, task, config: model, provenance }: StartOptions,
  { hashes }: RunPlan,
  { settings }: OpenedRun['kept'],
): Promise<void> {
  await run?.writeJson(RUN_FILES.config, makeRunConfig({ task, model, settings, hashes, provenance }));
}

/** A run that goes on for longer than it was started for says so in its configuration. */
async function raiseEpochs(
  before: RunConfig,
  numEpochs: number,
  { run, notice }: Pick<StartOptions, 'run' | 'notice'>,
): Promise<void> {
  const then = before.settings.numEpochs;
  if (run?.isOurs !== true || then === undefined || then === numEpochs) return;
  notice?.(
    `The run was started for ${then} epochs and goes on to ${numEpochs}: its learning rate goes on from where it would be in one of ${numEpochs}.`,
  );
  await run.writeJson(RUN_FILES.config, { ...before, settings: { ...before.settings, numEpochs } });
}

/** Vocabulary and answers, unless they are there: of a run that goes on they are the same. */
async function writeTables(run: RunFolder, { vocabulary, task }: StartOptions): Promise<void> {
  const vocabularyFile = run.file(RUN_FILES.vocabulary);
  if (vocabulary !== undefined && !existsSync(vocabularyFile))
    await saveVocabulary(vocabulary, vocabularyFile);
  if (task.answerTable !== undefined && !existsSync(run.file(RUN_FILES.answers)))
    await saveAnswerTable(task.answerTable, run.path);
}

/** The hashes of what a run of an earlier version keeps: its answers and its vocabulary. */
async function hashesOfTables(run: RunFolder): Promise<ContentHashes> {
  const answerTable = await loadAnswerTable(run.file(RUN_FILES.answers)).catch(() => undefined);
  const vocabulary = await loadVocabulary(run.file(RUN_FILES.vocabulary)).catch(() => undefined);
  return contentHashesOf({ answerTable }, vocabulary);
}

/** Where the newest snapshot was, and model and optimizer as they were there. */
async function restoreSnapshot(
  { run, snapshots: settings }: StartOptions,
  target: SnapshotTarget,
  isThere: boolean,
  say: (line: string) => void,
): Promise<TrainingState | undefined> {
  if (run === undefined || settings === undefined) return undefined;
  const snapshots = new Snapshots(run.file(RUN_FILES.snapshots), settings.numKept);
  const found = await snapshots.restore(target, say);
  if (!isThere) return found;
  await run.keepMetrics((record) => found !== undefined && isBefore(record, found));
  say(
    found === undefined
      ? 'There is no snapshot to go on from: the run begins anew.'
      : `Resumed after step ${found.step} (epoch ${found.epoch}, batch ${found.batch}).`,
  );
  return found;
}

/** The settings in force: optimizer and schedule by the names of those that are used. */
function settingsOf(
  { settings, schedule }: RunPlan,
  optimizer: Optimizer,
): Record<string, unknown> & { readonly maxLength: number } {
  return { ...settings, optimizer: optimizer.name, schedule: schedule.name };
}

function sayRuntime(
  { device = 'cpu', allowTf32 = false, useGraphs = false }: Partial<DeviceSettings> = {},
  { precision }: TrainingSettings,
  say: (line: string) => void,
): void {
  const how = `${device}${allowTf32 ? ', TF32' : ''}${useGraphs ? ', graphs' : ''}`;
  say(`${runtimeLine()}, ${precision}${device === 'cpu' ? '' : ` on ${how}`}`);
  const busy = loadWarning();
  if (busy !== undefined) say(busy);
  const warning = precision === 'bfloat16' && device === 'cpu' ? bfloat16Warning() : undefined;
  if (warning !== undefined) say(warning);
}

/** What all processes must have alike. */
function agreementOf(
  { task, config, vocabulary, model }: StartOptions,
  plan: RunPlan,
  optimizer: Optimizer,
): Agreement {
  const shapes = [...model.namedParameters()].map(([name, { shape }]) => [name, shape]);
  return flattened({
    version: version(),
    task: task.name,
    model: config ?? {},
    settings: settingsOf(plan, optimizer),
    data: { ...task.data, answers: task.answerTable?.size ?? 0, wordPieces: vocabulary?.size ?? 0 },
    parameters: Object.fromEntries(shapes),
    contents: plan.hashes,
  });
}
