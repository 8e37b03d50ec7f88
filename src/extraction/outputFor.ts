/** @file Which kind of output a path names. */

import { isTsv } from './keptRows.js';
import type { Output, OutputSettings } from './output.js';
import { StoreOutput } from './storeOutput.js';
import { TsvOutput } from './tsvOutput.js';

/** By the ending of the name: `.tsv` for a TSV file, anything else is a store's folder. */
export function outputFor(path: string, settings: OutputSettings): Output {
  return isTsv(path) ? new TsvOutput(path, settings) : new StoreOutput(path, settings);
}
