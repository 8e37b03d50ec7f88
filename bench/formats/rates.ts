/** @file Rows a second out of a file of region features, beside the same rows out of a float32 store. */

import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { medianOf } from '../../src/bench/measure.js';
import {
  convertToStore,
  type FeatureRow,
  findRowProblem,
  findValueProblem,
  openShards,
} from '../../src/features/files.js';
import { readShardRows } from '../../src/features/shardRows.js';
import { openAny } from './kinds.js';

const NUM_ROUNDS = 5;

/** Medians, rows a second. */
export interface Rates {
  readonly format: string;
  readonly featureSize: number;
  readonly ofFile: number;
  readonly ofStore: number;
}

/** Both in turn, of the first `numRows`. */
export async function measureRates(file: string, numRows: number): Promise<Rates> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'lxmert-formats-'));
  const source = await openAny(file);
  try {
    await convertToStore(source, folder, { dtype: 'float32', maxImages: numRows });
    const rates: [number[], number[]] = [[], []];
    for (let round = 0; round < NUM_ROUNDS; round++) {
      rates[0].push(await rate(source.rows(), numRows));
      rates[1].push(await rate(checkedRows(folder), numRows));
    }
    const [ofFile, ofStore] = rates.map(medianOf) as [number, number];
    return { format: source.identity.format ?? 'TSV', featureSize: source.featureSize, ofFile, ofStore };
  } finally {
    source.close();
    rmSync(folder, { recursive: true });
  }
}

/** Rows a second of the first `numRows`, after the first of them. */
async function rate(rows: AsyncIterable<unknown>, numRows: number): Promise<number> {
  let numRead = 0;
  let start = performance.now();
  for await (const row of rows) {
    void row;
    if (numRead++ === 0) start = performance.now();
    if (numRead >= numRows) break;
  }
  return (1000 * (numRead - 1)) / (performance.now() - start);
}

/** Rows of a store, checked as those of any file are. */
async function* checkedRows(store: string): AsyncGenerator<FeatureRow> {
  for await (const row of readShardRows(openShards(store))) {
    const problem = findRowProblem(row) ?? findValueProblem(row.features);
    if (problem !== undefined) throw new Error(problem);
    yield row;
  }
}
