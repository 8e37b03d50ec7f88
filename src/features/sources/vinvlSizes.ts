/** @file The table of picture sizes (`train.hw.tsv`) that VinVL keeps beside its tables of features. */

import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';

/** The path of such a table beside a table of features: of the same stem, or the only one in the folder. */
export function findVinvlSizes(features: string): string | undefined {
  const folder = path.dirname(features);
  const stem = path.basename(features).replace(/(\.features?)?(\.tsv)?$/, '');
  const own = path.join(folder, `${stem}.hw.tsv`);
  if (existsSync(own)) return own;
  const all = readdirSync(folder).filter((name) => /(^|\.)hw\.tsv$/.test(name));
  return all.length === 1 ? path.join(folder, all[0] as string) : undefined;
}
