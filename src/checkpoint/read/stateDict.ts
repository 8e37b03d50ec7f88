/** @file Finds the weights in what a .pth file unpickles to: a state dict, bare or inside other dictionaries. */

import { CheckpointError } from '../checkpointError.js';
import { TensorDescription } from '../pickle/torchGlobals.js';
import { describeValue, PickleDict, type PickleValue } from '../pickle/values.js';

/** The named tensors of a state dict and how it was wrapped. */
export interface StateDict<T = TensorDescription> {
  readonly tensors: ReadonlyArray<readonly [string, T]>;
  readonly wrapper: readonly string[];
  readonly ignored: readonly string[];
}

/** Wrappers nest one or two deep in practice: {model: ...}, {state: {model: ...}}. */
const maxDepth = 3;

/** Which dictionary holds the model when several have equally many tensors (a moving average beside it, say). */
const usualKeys = ['state_dict', 'model_state_dict', 'model', 'module', 'net', 'weights'];

/**
 * The dictionary with the most tensors as direct values, at most three levels down.
 *
 * @throws CheckpointError when no dictionary holds a tensor.
 */
export function findStateDict<T extends PickleValue>(
  path: string,
  root: PickleValue,
  isTensor: (value: PickleValue) => value is T,
): StateDict<T> {
  if (!(root instanceof PickleDict)) {
    throw new CheckpointError(
      path,
      `the file holds ${describeValue(root)}, not a dictionary of named weights. Save model.state_dict() instead.`,
    );
  }
  let best: StateDict<T> | undefined;
  for (const candidate of dictionaries(root, [], new Set())) {
    const found = readStateDict(candidate.dict, candidate.wrapper, isTensor);
    if (best === undefined || isBetter(found, best)) best = found;
  }
  if (best === undefined || best.tensors.length === 0) {
    const keys = [...root.entries.keys()].slice(0, 5).map(describeValue).join(', ');
    throw new CheckpointError(
      path,
      `the file holds no named tensors; its top level has ${root.entries.size === 0 ? 'no entries' : keys}. Name a file with a model's state dict.`,
    );
  }
  return best;
}

function* dictionaries(
  dict: PickleDict,
  wrapper: readonly string[],
  seen: Set<PickleDict>,
): Generator<{ dict: PickleDict; wrapper: readonly string[] }> {
  // Each dictionary once: a pickle can refer to one from many places, or to itself.
  if (seen.has(dict)) return;
  seen.add(dict);
  yield { dict, wrapper };
  if (wrapper.length >= maxDepth) return;
  for (const [key, value] of dict.entries) {
    if (typeof key === 'string' && value instanceof PickleDict) {
      yield* dictionaries(value, [...wrapper, key], seen);
    }
  }
}

/** True for a tensor of torch's, the kind of weights in .pth files. */
export function isTorchTensor(value: PickleValue): value is TensorDescription {
  return value instanceof TensorDescription;
}

function readStateDict<T extends PickleValue>(
  dict: PickleDict,
  wrapper: readonly string[],
  isTensor: (value: PickleValue) => value is T,
): StateDict<T> {
  const tensors: Array<readonly [string, T]> = [];
  const ignored: string[] = [];
  for (const [key, value] of dict.entries) {
    if (typeof key !== 'string') continue;
    if (isTensor(value)) tensors.push([key, value]);
    else ignored.push(key);
  }
  return { tensors, wrapper, ignored };
}

function isBetter(found: StateDict<unknown>, best: StateDict<unknown>): boolean {
  if (found.tensors.length !== best.tensors.length) return found.tensors.length > best.tensors.length;
  const rank = (dict: StateDict<unknown>): number => {
    const index = usualKeys.indexOf(dict.wrapper.at(-1) ?? '');
    return index < 0 ? usualKeys.length : index;
  };
  return rank(found) < rank(best);
}
