/** @file VinVL's table of picture sizes (`train.hw.tsv`): a key, then `[{"height": 480, "width": 640}]`. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { LxmertError } from '../../common/errors.js';
import { MAX_IMAGE_SIDE } from '../row.js';
import type { PictureSize } from './indexedRows.js';

/** The sizes in such a table, by key. @throws LxmertError naming the line of one that is none */
export function readVinvlSizes(file: string): Map<string, PictureSize> {
  const sizes = new Map<string, PictureSize>();
  for (const [i, line] of readFileSync(file, 'utf8').split('\n').entries()) {
    if (line.trim() === '') continue;
    const size = sizeIn(line.slice(line.indexOf('\t') + 1));
    if (size === undefined)
      throw new LxmertError(
        `${file}, line ${i + 1}: expected a key, a tab and [{"height": 480, "width": 640}]; found ${JSON.stringify(line.slice(0, 60))}.`,
      );
    sizes.set(line.slice(0, line.indexOf('\t')).trim(), size);
  }
  return sizes;
}

function sizeIn(json: string): PictureSize | undefined {
  try {
    const value: unknown = JSON.parse(json);
    const { height, width } = ((Array.isArray(value) ? value[0] : value) ?? {}) as Record<string, unknown>;
    return isSide(height) && isSide(width) ? { height, width } : undefined;
  } catch {
    return undefined;
  }
}

function isSide(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= MAX_IMAGE_SIDE;
}

/** The table of sizes beside a table of features: of the same stem, or the only one in the folder. */
export function findVinvlSizes(features: string): string | undefined {
  const folder = path.dirname(features);
  const stem = path.basename(features).replace(/(\.features?)?(\.tsv)?$/, '');
  const own = path.join(folder, `${stem}.hw.tsv`);
  if (existsSync(own)) return own;
  const all = readdirSync(folder).filter((name) => /(^|\.)hw\.tsv$/.test(name));
  return all.length === 1 ? path.join(folder, all[0] as string) : undefined;
}
