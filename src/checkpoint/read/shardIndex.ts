/** @file A model saved in several parts: the index (`model.safetensors.index.json`) says which part has which tensor. */

import path from 'node:path';
import { excerptOfJson } from '../../common/excerpt.js';
import { CheckpointError } from '../checkpointError.js';
import type { FileReader } from './fileReader.js';

/** More than any index of a model of this kind; larger files are not read. */
const MAX_BYTES = 64 * 2 ** 20;

/** True for the name that every writer of such an index gives it. */
export function isShardIndex(file: string): boolean {
  return file.endsWith('.index.json');
}

/** What a part of a saved model is, by its name: `model-00001-of-00002.safetensors`; undefined for other names. */
export function partOfSeveral(file: string): { readonly part: number; readonly count: number } | undefined {
  const [, part, count] = /-(\d{5})-of-(\d{5})\.\w+$/.exec(file) ?? [];
  return part === undefined ? undefined : { part: Number(part), count: Number(count) };
}

/**
 * The parts that an index names, by path, with the tensors of each.
 *
 * @throws CheckpointError for a file that is no index, or names parts outside its folder
 */
export function readShardIndex(file: FileReader): Map<string, Set<string>> {
  const parts = new Map<string, Set<string>>();
  for (const [tensor, part] of Object.entries(weightMap(file))) {
    if (typeof part !== 'string' || !/^[\w-][\w.-]*$/.test(part)) {
      throw new CheckpointError(
        file.path,
        `the part of the tensor ${tensor.slice(0, 100)} should be a file beside the index, and is ${excerptOfJson(part)}.`,
      );
    }
    const location = path.join(path.dirname(file.path), part);
    const names = parts.get(location) ?? new Set<string>();
    parts.set(location, names.add(tensor));
  }
  return parts;
}

function weightMap(file: FileReader): object {
  let content: unknown;
  try {
    content = file.size > MAX_BYTES ? undefined : JSON.parse(file.read(0, file.size).toString('utf8'));
  } catch {
    content = undefined;
  }
  const map =
    typeof content === 'object' && content !== null && 'weight_map' in content
      ? content.weight_map
      : undefined;
  if (typeof map === 'object' && map !== null && Object.keys(map).length > 0) return map;
  throw new CheckpointError(
    file.path,
    'the file should be the index of a model in several parts, with a weight_map of tensors and their files, and is none. Copy it again, or name the weights file.',
  );
}
