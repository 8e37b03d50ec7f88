/** @file How a training begins: the processes meet, a snapshot or the first weights are loaded, config.json is written. */

import type { LoadReport } from '../checkpoint/index.js';
import { version } from '../common/version.js';
import type { TaskTraining } from '../tasks/index.js';
import { bfloat16Warning, loadWarning, runtimeLine } from '../torch/index.js';
import { type Agreement, flattened } from './distributed/agreement.js';
import { DataParallel } from './distributed/dataParallel.js';
import { clearRescueMarks } from './distributed/rescue.js';
import type { LearningRateSchedule } from './learningRateSchedule.js';
import type { Optimizer } from './optimizers/optimizer.js';
import { makeRunConfig } from './runConfig.js';
import { RUN_FILES } from './runFolder.js';
import { isBefore, requireSameRun } from './snapshots/sameRun.js';
import { Snapshots, type SnapshotTarget } from './snapshots/snapshots.js';
import type { TrainingState } from './snapshots/trainingState.js';
import type { DeviceSettings, TrainerOptions, TrainingSettings } from './trainerOptions.js';

/** What of a trainer's options counts here. */
type StartOptions = Omit<TrainerOptions, 'task'> & {
  readonly task: Pick<TaskTraining, 'name' | 'data' | 'answerTable'>;
};

/** What the trainer has made of its options. */
export interface RunPlan {
  readonly settings: Required<TrainingSettings>;
  readonly schedule: LearningRateSchedule;
  readonly say: (line: string) => void;
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
    agreement: agreementOf(options, settingsOf(plan, optimizer)),
  });
}

/** What a run begins with. */
interface RunBeginning {
  /** Where it goes on; undefined at the beginning. */
  readonly state: TrainingState | undefined;
  readonly loadReport: LoadReport | undefined;
}

/**
 * Brings model and optimizer to where the run begins, in all processes alike, and writes what does not change.
 *
 * @throws UsageError when a run is to be resumed with other settings, model or data
 */
export async function beginRun(
  options: StartOptions,
  plan: RunPlan,
  target: SnapshotTarget,
  processGroup: DataParallel | undefined,
): Promise<RunBeginning> {
  const { run, task, loadWeights, vocabulary } = options;
  const { settings, say } = plan;
  const isOurs = run?.isOurs !== false;
  if (run?.isOurs === true) await clearRescueMarks(run.path);
  const isResumed = isOurs && options.snapshots?.resume === true;
  const before = isResumed ? await run?.readJson(RUN_FILES.config) : undefined;
  const kept = {
    model: { ...options.config },
    settings: settingsOf(plan, target.optimizer),
    data: task.data,
  };
  if (before !== undefined) requireSameRun(before, kept);
  sayRuntime(options.device, settings, say);
  const restored = isResumed ? await restoreSnapshot(options, target, before !== undefined, say) : undefined;
  const loadReport = isOurs && restored === undefined ? await loadWeights?.(say) : undefined;
  target.parameters.refreshCopies();
  const state =
    processGroup === undefined ? restored : processGroup.begin(target.parameters, target.optimizer, restored);
  if (processGroup !== undefined) {
    const numOwn = settings.batchSize / processGroup.worldSize;
    say(`${processGroup.worldSize} processes, ${numOwn} examples of each batch in each.`);
  }
  if (before === undefined) {
    const { config: model, provenance } = options;
    await run?.writeJson(
      RUN_FILES.config,
      makeRunConfig({ task, model, settings: kept.settings, provenance }),
    );
  }
  if (run?.isOurs === true) {
    await vocabulary?.save(run.file(RUN_FILES.vocabulary));
    await task.answerTable?.save(run.path);
  }
  return { state, loadReport };
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
  settings: Readonly<Record<string, unknown>>,
): Agreement {
  const shapes = [...model.namedParameters()].map(([name, { shape }]) => [name, shape]);
  return flattened({
    version: version(),
    task: task.name,
    model: config ?? {},
    settings,
    data: { ...task.data, answers: task.answerTable?.size ?? 0, wordPieces: vocabulary?.size ?? 0 },
    parameters: Object.fromEntries(shapes),
  });
}
