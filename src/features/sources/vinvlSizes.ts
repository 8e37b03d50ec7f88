/** @file The table of picture sizes (`train.hw.tsv`) that VinVL keeps beside its tables of features. */

import { readdirSync } from 'node:fs';
import path from 'node:path';
import { isSizesTable } from '../../formats/tableNames.js';

/** The path of such a table beside a table of features: of the same stem, or the only one in the folder. */
export function findVinvlSizes(features: string): string | undefined {
  const folder = path.dirname(features);
  const found = chooseSizes(path.basename(features), readdirSync(folder));
  return found === undefined ? undefined : path.join(folder, found);
}

/** The name of such a table among others: of the stem of `features`, or the only one. */
export function chooseSizes(features: string, names: readonly string[]): string | undefined {
  const stem = features.replace(/(\.features?)?(\.tsv)?$/i, '');
  const all = names.filter(isSizesTable);
  return (
    all.find((name) => path.posix.basename(name).replace(/\.hw\.tsv$/i, '') === stem) ??
    (all.length === 1 ? all[0] : undefined)
  );
}
