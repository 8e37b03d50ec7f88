/** @file Finds the weights in what a .pth file unpickles to: a state dict, bare or inside other dictionaries. */

import { CheckpointError } from '../checkpointError.js';
import { chooseModel, type ModelChoice, type TensorDictionary } from '../names/chooseModel.js';
import { TensorDescription } from '../pickle/torchGlobals.js';
import { describeValue, PickleDict, type PickleValue } from '../pickle/values.js';

/** The named tensors of a state dict and how it was wrapped. */
export interface StateDict<T = TensorDescription> extends NamedValues<T> {
  readonly model: ModelChoice;
}

interface NamedValues<T> {
  readonly tensors: ReadonlyArray<readonly [string, T]>;
  readonly wrapper: readonly string[];
  readonly ignored: readonly string[];
}

/** Wrappers nest one or two deep in practice: {model: ...}, {state: {model: ...}}. */
const maxDepth = 3;

/** What training keeps beside weights: moments and counters are tensors too, under the weights' own names at times. */
const TRAINING_STATE =
  /^(optim|optimizers?|optimizer_states?|optimizer_state_dict|opt|amp|scaler|grad_scaler|lr_schedulers?|scheduler|scheduler_state_dict|callbacks|loops|hyper_parameters|rng_states?|random_states?)$/i;

/**
 * The dictionary of the model, at most three levels down; of several the one that its key calls so.
 *
 * @param key what the person asked for after `#`
 * @throws CheckpointError when no dictionary holds a tensor, or several could be meant
 */
export function findStateDict<T extends PickleValue>(
  path: string,
  root: PickleValue,
  isTensor: (value: PickleValue) => value is T,
  key?: string,
): StateDict<T> {
  if (!(root instanceof PickleDict)) {
    throw new CheckpointError(
      path,
      `the file holds ${describeValue(root)}, not a dictionary of named weights. Save model.state_dict() instead.`,
    );
  }
  const found = [...dictionaries(root, [], new Set())]
    .map(({ dict, wrapper }) => readStateDict(dict, wrapper, isTensor))
    .filter(({ tensors }) => tensors.length > 0);
  if (found.length === 0) throw noTensors(path, root);
  const model = chooseModel(path, found.map(asTensorDictionary), key);
  return { ...(found[model.dictionary] as NamedValues<T>), model };
}

function asTensorDictionary({ tensors, wrapper }: NamedValues<PickleValue>): TensorDictionary {
  const views = new Map(tensors.map(([name, tensor]) => [name, viewOf(tensor)]));
  return { keys: wrapper, names: tensors.map(([name]) => name), viewOf: (name) => views.get(name) ?? name };
}

/** Equal for tensors that show the same part of the same storage. */
function viewOf(tensor: PickleValue): string | undefined {
  if (!(tensor instanceof TensorDescription)) return undefined;
  const { storage, storageOffset, shape, strides } = tensor;
  return [storage.key, storage.viewOffset, storageOffset, shape.join(), strides.join()].join(' ');
}

function noTensors(path: string, root: PickleDict): CheckpointError {
  const keys = [...root.entries.keys()];
  const isTraining = keys.some(
    (key) => typeof key === 'string' && (TRAINING_STATE.test(key) || key === 'param_groups'),
  );
  if (isTraining) {
    return new CheckpointError(
      path,
      `the file holds the state of an optimizer or of a training (${keys.slice(0, 5).map(describeValue).join(', ')}), and no weights. Name the file that the model was saved in.`,
    );
  }
  const shown = keys.slice(0, 5).map(describeValue).join(', ');
  return new CheckpointError(
    path,
    `the file holds no named tensors; its top level has ${keys.length === 0 ? 'no entries' : shown}. Name a file with a model's state dict.`,
  );
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
    if (typeof key !== 'string' || !(value instanceof PickleDict) || TRAINING_STATE.test(key)) continue;
    yield* dictionaries(value, [...wrapper, key], seen);
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
): NamedValues<T> {
  const tensors: Array<readonly [string, T]> = [];
  const ignored: string[] = [];
  for (const [key, value] of dict.entries) {
    if (typeof key !== 'string') continue;
    if (isTensor(value)) tensors.push([key, value]);
    else ignored.push(key);
  }
  return { tensors, wrapper, ignored };
}
