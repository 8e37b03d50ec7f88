/** @file What a run that cannot go on leaves behind: the state after its last whole step, and a sentence about the end. */

import { endSentence, LxmertError, messageOf } from '../../common/errors.js';
import { systemFault } from '../../common/systemFault.js';
import { noGrad, scope } from '../../torch/index.js';
import * as ops from '../../torch/operators/index.js';
import type { FlatParameters } from '../optimizers/flatParameters.js';

/** Where a run was when a step or an evaluation failed. */
export interface FailedRun {
  /** Steps that are whole. */
  readonly numSteps: number;
  /** "step 12 (epoch 0, batch 12)" or "the evaluation after epoch 3". */
  readonly place: string;
  readonly parameters: FlatParameters;
  /** Whether the weights can be read: a GPU may wait for ever for a process that is gone. */
  readonly canRead?: () => Promise<boolean>;
  /** Writes a snapshot that the run can go on from; absent for a run that takes none. */
  readonly snapshot: (() => Promise<void>) | undefined;
  /** The file that the weights go into; LAST.pth unless it says otherwise. */
  readonly lastFile?: string;
  /** Writes the weights. */
  readonly saveWeights: () => Promise<void>;
  /** A sentence on who saves the run when it is not this process; undefined when it is. */
  readonly savedElsewhere?: (() => Promise<string | undefined>) | undefined;
}

/**
 * Saves what is whole and gives the error to end with. The weights are those after the last whole step, since a failed
 * step never reaches the optimizer; they are saved unless they are not finite themselves.
 */
export async function endFailedRun(error: unknown, run: FailedRun): Promise<unknown> {
  const sentence = sentenceOf(error, run.place);
  const kept = await keep(run);
  if (sentence === undefined) {
    // A bug: its own message and stack are what helps.
    return error;
  }
  return new LxmertError(`${sentence} ${kept}`, { cause: error });
}

async function keep(run: FailedRun): Promise<string> {
  const { numSteps, parameters, snapshot, saveWeights, lastFile = 'LAST.pth' } = run;
  const elsewhere = await run.savedElsewhere?.();
  if (elsewhere !== undefined) return elsewhere;
  if ((await run.canRead?.()) === false) {
    return 'The GPU waits for something that does not come, so the weights could not be read: the last snapshot is what is good, and the same command with --resume goes on from there.';
  }
  if (!areFinite(parameters)) {
    return 'The weights are spoiled as well, so they were not saved: what the run saved before is what is good.';
  }
  try {
    await snapshot?.();
    await saveWeights();
  } catch (error) {
    return `Saving the run failed as well: ${systemFault(error)?.sentence ?? messageOf(error)}`;
  }
  const saved = `The weights after step ${numSteps} are saved in ${lastFile}`;
  return snapshot === undefined
    ? `${saved}.`
    : `${saved}, and a snapshot with them: the same command with --resume goes on from there.`;
}

/** A loss or a gradient that cannot be trained with. */
export function notFinite(what: string): LxmertError {
  return new LxmertError(
    `${what} Training stopped before it could spoil the weights. Try a lower --learning-rate, and check the features with 'lxmert features verify'.`,
  );
}

/** A sentence for a person, or undefined for an error that nobody foresaw. */
function sentenceOf(error: unknown, place: string): string | undefined {
  if (isOutOfMemory(error)) {
    return `Memory ran out at ${place}: ${endSentence(messageOf(error))} Try a smaller --batch-size or a shorter --max-length, or a machine with more memory.`;
  }
  const sentence = error instanceof LxmertError ? error.message : systemFault(error)?.sentence;
  return sentence === undefined ? undefined : `${endSentence(sentence)} This was at ${place}.`;
}

/** libtorch's allocators, C++ and JavaScript each have words of their own for it. */
function isOutOfMemory(error: unknown): boolean {
  return /can't allocate memory|not enough memory|out of memory|bad_alloc|Array buffer allocation failed/i.test(
    messageOf(error),
  );
}

function areFinite({ groups }: FlatParameters): boolean {
  return scope(() => noGrad(() => groups.every(({ values }) => Number.isFinite(ops.sum(values).item()))));
}
