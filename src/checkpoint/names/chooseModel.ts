/**
 * @file Which model of a file is meant: a file may hold several dictionaries (the model, its moving average, a teacher), and
 * a dictionary several models by the beginnings of their names. They are told by their names, never by their sizes.
 */

import { CheckpointError } from '../checkpointError.js';
import { type EncoderGroup, encoderGroups, encoderKind, unwrapped } from './encoderGroups.js';

/** A dictionary of named tensors in a file. */
export interface TensorDictionary {
  /** The keys that lead to it; empty for the file's top. */
  readonly keys: readonly string[];
  readonly names: readonly string[];
  /** Equal for names of one and the same view of one storage, where that is known. */
  readonly viewOf?: (name: string) => string;
}

/** What else of weights a file holds. */
export interface OtherWeights {
  /** What names it after `#`. */
  readonly key: string;
  readonly numTensors: number;
  /** A whole encoder with or without heads, or tensors of something else. */
  readonly isModel: boolean;
}

export interface ModelChoice {
  /** Of the dictionaries, by their order. */
  readonly dictionary: number;
  /** Undefined for a file of another kind of model, whose names stay as they are. */
  readonly encoder: EncoderGroup | undefined;
  /** The names of the dictionary that belong to other models in it. */
  readonly foreign: ReadonlySet<string>;
  readonly others: readonly OtherWeights[];
}

interface Candidate {
  readonly dictionary: number;
  readonly encoder: EncoderGroup | undefined;
  readonly words: readonly string[];
  readonly numTensors: number;
}

/** What the trained model itself is called: its dictionary, or the attribute of a training class that holds it. */
const MODEL_WORDS = new Set([
  'state_dict',
  'model_state_dict',
  'model_state',
  'model',
  'module',
  'net',
  'network',
  'weights',
  'params',
  'lxmert',
]);

/** Copies that follow a model in training, and models that it learns from. */
const FOLLOWER = /(^|_)(ema|swa|avg|averaged?|average|teacher|shadow|momentum|polyak|slow|target)(_|$)/i;

/**
 * @param path the file, for errors
 * @param key what the person asked for after `#`; undefined when they did not
 * @throws CheckpointError when names do not tell which one is the model, when none is called `key`, and for names of which
 * only half have a beginning in common
 */
export function chooseModel(
  path: string,
  dictionaries: readonly TensorDictionary[],
  key: string | undefined,
): ModelChoice {
  const groups = dictionaries.map(({ names }) => encoderGroups(names));
  for (const each of groups) refuseHalves(path, each);
  const candidates = candidatesOf(dictionaries, groups);
  const chosen = pick(path, candidates, dictionaries, key);
  const { encoder, dictionary } = chosen;
  const names = dictionaries[dictionary]?.names ?? [];
  return {
    dictionary,
    encoder,
    foreign: encoder === undefined ? new Set() : foreignNames(encoder, names, groups[dictionary] ?? []),
    others: othersOf(chosen, candidates, dictionaries),
  };
}

/** Names of a dictionary that are of other whole encoders in it, and of their heads. */
function foreignNames(
  encoder: EncoderGroup,
  names: readonly string[],
  groups: readonly EncoderGroup[],
): Set<string> {
  const foreign = new Set<string>();
  for (const group of groups) {
    if (group === encoder || encoderKind(group) === 'part') continue;
    for (const name of group.tails.values()) foreign.add(name);
    // What the chosen one's names begin with as well says nothing.
    if (encoder.outer.startsWith(group.outer)) continue;
    for (const name of names) if (unwrapped(name).startsWith(group.outer)) foreign.add(name);
  }
  return foreign;
}

/** The best kind of encoder that the file has counts; without any, every dictionary of tensors does. */
function candidatesOf(
  dictionaries: readonly TensorDictionary[],
  groups: readonly (readonly EncoderGroup[])[],
): Candidate[] {
  for (const kind of ['LXMERT', 'BERT'] as const) {
    const found = groups.flatMap((each, dictionary) =>
      each
        .filter((group) => encoderKind(group) === kind)
        .map((encoder) => ({
          dictionary,
          encoder,
          words: [...(dictionaries[dictionary]?.keys ?? []), ...encoder.outer.split('.').filter(Boolean)],
          numTensors: (dictionaries[dictionary]?.names ?? []).filter((name) =>
            unwrapped(name).startsWith(encoder.outer),
          ).length,
        })),
    );
    if (found.length > 0) return found;
  }
  const all = dictionaries.map(({ keys, names }, dictionary) => ({
    dictionary,
    encoder: groups[dictionary]?.length === 1 ? groups[dictionary][0] : undefined,
    words: keys,
    numTensors: names.length,
  }));
  // A step counter or a best score is a tensor too, beside the dictionary of the weights.
  const dotted = all.filter(({ dictionary }) =>
    dictionaries[dictionary]?.names.some((name) => name.includes('.')),
  );
  return dotted.length > 0 ? dotted : all;
}

function pick(
  path: string,
  candidates: readonly Candidate[],
  dictionaries: readonly TensorDictionary[],
  key: string | undefined,
): Candidate {
  if (key !== undefined) return pickByKey(path, candidates, key);
  const distinct = withoutAliases(candidates, dictionaries);
  const [only, ...more] = distinct;
  if (only !== undefined && more.length === 0) return only;
  const called = distinct.filter(({ words }) => isCalledModel(words));
  if (called.length === 1 && called[0] !== undefined) return called[0];
  throw new CheckpointError(
    path,
    `the file holds ${distinct.length} models, and their names do not tell which one is meant: ${listOf(distinct)}. Name one behind the file, such as '${path}#${idOf(distinct.at(-1))}'.`,
  );
}

function pickByKey(path: string, candidates: readonly Candidate[], key: string): Candidate {
  const exact = candidates.filter((each) => idOf(each) === key);
  const ending = candidates.filter((each) => idOf(each).endsWith(`.${key}`));
  const beginning = candidates.filter((each) => idOf(each).startsWith(`${key}.`));
  for (const found of [exact, ending, beginning]) {
    if (found.length === 1 && found[0] !== undefined) return found[0];
  }
  const [only, ...more] = candidates;
  const what =
    more.length === 0 && only !== undefined && only.words.length === 0
      ? 'it holds one model, which is named without #'
      : `it holds ${listOf(candidates)}`;
  throw new CheckpointError(path, `the file has no model called '${key}': ${what}.`);
}

function isCalledModel(words: readonly string[]): boolean {
  if (words.some((word) => FOLLOWER.test(word))) return false;
  const last = words.at(-1);
  return last === undefined || MODEL_WORDS.has(last);
}

/** Names of one and the same tensors count once, the shortest first. */
function withoutAliases(
  candidates: readonly Candidate[],
  dictionaries: readonly TensorDictionary[],
): readonly Candidate[] {
  const views = new Map<string, Candidate>();
  for (const candidate of candidates) {
    const { viewOf } = dictionaries[candidate.dictionary] ?? {};
    const tensors = [...(candidate.encoder?.tails ?? [])].sort(([a], [b]) => (a < b ? -1 : 1));
    const view =
      viewOf === undefined || tensors.length === 0
        ? `no view: ${idOf(candidate)}`
        : tensors.map(([tail, name]) => `${tail} ${viewOf(name)}`).join('\n');
    const known = views.get(view);
    const isBetter = known !== undefined && isCalledModel(candidate.words) && !isCalledModel(known.words);
    if (known === undefined || isBetter) views.set(view, candidate);
  }
  return [...views.values()];
}

function othersOf(
  chosen: Candidate,
  candidates: readonly Candidate[],
  dictionaries: readonly TensorDictionary[],
): OtherWeights[] {
  const models = candidates
    .filter((each) => each !== chosen)
    .map((each) => ({ key: idOf(each), numTensors: each.numTensors, isModel: each.encoder !== undefined }));
  const rest = dictionaries
    .map(({ keys, names }, dictionary) => ({ key: keys.join('.'), numTensors: names.length, dictionary }))
    .filter(({ dictionary }) => !candidates.some((each) => each.dictionary === dictionary))
    // A step counter or a best score is no weights.
    .filter(({ dictionary }) => dictionaries[dictionary]?.names.some((name) => name.includes('.')))
    .map(({ key, numTensors }) => ({ key, numTensors, isModel: false }));
  return [...models, ...rest];
}

/** @throws CheckpointError for one encoder whose names begin in two ways, so that neither is whole */
function refuseHalves(path: string, groups: readonly EncoderGroup[]): void {
  for (const [i, one] of groups.entries()) {
    for (const other of groups.slice(i + 1)) {
      const isShared = [...one.tails.keys()].some((tail) => other.tails.has(tail));
      const together = { ...one, tails: new Map([...one.tails, ...other.tails]) };
      if (isShared || encoderKind(together) !== 'LXMERT') continue;
      const [first = ''] = one.tails.values();
      const [second = ''] = other.tails.values();
      throw new CheckpointError(
        path,
        `the names of one encoder begin in two ways: ${one.tails.size} as in ${first}, ${other.tails.size} as in ${second}. Whether they are of one model cannot be told; save the model again with all of its names alike.`,
      );
    }
  }
}

function listOf(candidates: readonly Candidate[]): string {
  return candidates
    .slice(0, 6)
    .map((each) => `'${idOf(each) || 'the top'}' (${each.numTensors} tensors)`)
    .join(', ');
}

function idOf(candidate: Candidate | undefined): string {
  return candidate?.words.join('.') ?? '';
}
