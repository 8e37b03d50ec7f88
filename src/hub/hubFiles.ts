/** @file Which files of a model on a hub are fetched: weights in the best form, and what is read with them; nothing else. */

import { LxmertError } from '../common/errors.js';
import {
  LABEL_FILES,
  RUN_WEIGHTS,
  SAVED_ANSWERS,
  SAVED_CONFIG,
  SAVED_VOCABULARIES,
  SAVED_WEIGHTS,
} from '../common/savedFiles.js';
import { MANIFEST_FILE } from '../formats/exportedManifest.js';
import { formatBytes } from '../formats/numbers.js';

/** Small files that are read beside weights. */
const COMPANIONS = [SAVED_CONFIG, ...SAVED_VOCABULARIES, ...SAVED_ANSWERS, ...Object.values(LABEL_FILES)];
/** Files of an exported folder. */
const EXPORTED = /^([\w.-]+\.(json|txt)|onnx\/[\w.-]+\.(onnx|onnx_data))$/;
const OTHER_WEIGHTS = /^[\w-][\w.-]*\.(safetensors|pth|pt|bin|pkl|caffemodel)$/;
const PART = /-\d{5}-of-\d{5}\.\w+$/;

/** More than any vocabulary or index of a model of this kind. */
const MAX_TEXT_BYTES = 64 * 2 ** 20;
/** Sixteen times the published pre-trained weights. */
const MAX_WEIGHTS_BYTES = 16e9;

/** What is wanted of a model's files. */
export interface ChosenFiles {
  /** Paths within the model, small ones first. */
  readonly paths: readonly string[];
  /** Which of them names the weights; undefined for an exported folder. */
  readonly weights: string | undefined;
  /** Whether the folder as a whole is a model: of Hugging Face, of a run, an exported one. */
  readonly isFolder: boolean;
}

/**
 * Chooses among the paths of a model's files.
 *
 * @returns undefined when there is nothing to load among them, or several weights and none by a name that says which
 */
export function chooseFiles(paths: readonly string[]): ChosenFiles | undefined {
  const there = new Set(paths);
  if (there.has(MANIFEST_FILE)) {
    const exported = paths.filter((each) => EXPORTED.test(each));
    return { paths: smallFirst(exported), weights: undefined, isFolder: true };
  }
  const saved = SAVED_WEIGHTS.find((each) => there.has(each) && arePartsThere(each, paths));
  const ofRun = there.has(SAVED_CONFIG) ? RUN_WEIGHTS.find((each) => there.has(each)) : undefined;
  const others = paths.filter((each) => OTHER_WEIGHTS.test(each) && !PART.test(each));
  const weights = saved ?? ofRun ?? (others.length === 1 ? others[0] : undefined);
  if (weights === undefined) return undefined;
  const companions = COMPANIONS.filter((each) => there.has(each));
  return {
    paths: [...companions, weights, ...partsOf(weights, paths)],
    weights,
    isFolder: saved !== undefined || ofRun !== undefined,
  };
}

/** The parts of a model in several files, by the name of its index: `model.safetensors.index.json`. */
function partsOf(index: string, paths: readonly string[]): string[] {
  const [, stem, ending] = /^(\w+)\.(safetensors|bin)\.index\.json$/.exec(index) ?? [];
  if (stem === undefined) return [];
  return paths.filter(
    (each) => PART.test(each) && each.startsWith(`${stem}-`) && each.endsWith(`.${ending}`),
  );
}

function arePartsThere(weights: string, paths: readonly string[]): boolean {
  if (!weights.endsWith('.index.json')) return true;
  const parts = partsOf(weights, paths);
  const count = Number(/-of-(\d{5})\./.exec(parts[0] ?? '')?.[1] ?? Number.NaN);
  return parts.length === count;
}

function smallFirst(paths: readonly string[]): string[] {
  const isText = (each: string): boolean => /\.(json|txt)$/.test(each);
  return [...paths.filter(isText), ...paths.filter((each) => !isText(each))];
}

/** @throws LxmertError for a file of a size that nothing of this kind has */
export function requireUsualSize(model: string, file: string, size: number): void {
  const most = /\.(json|txt)$/.test(file) ? MAX_TEXT_BYTES : MAX_WEIGHTS_BYTES;
  if (Number.isSafeInteger(size) && size >= 0 && size <= most) return;
  throw new LxmertError(
    `${model}: the hub says that ${file} has ${Number.isSafeInteger(size) && size >= 0 ? formatBytes(size) : 'no size'}; no more than ${formatBytes(most)} are fetched of such a file.`,
  );
}
