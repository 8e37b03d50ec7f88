/**
 * @file Rows a second out of files of region features, beside the same rows out of a float32 store, and the memory that it
 * takes: `node dist/bench/featureFormats.js read FILE [ROWS]`, and `... convert FILE STORE` of a whole file.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { medianOf } from '../src/bench/measure.js';
import { peakMemory, resetPeakMemory } from '../src/bench/peakMemory.js';
import {
  convertToStore,
  type FeatureRow,
  findRowProblem,
  findValueProblem,
  openRowSource,
  openShards,
  type RowSource,
} from '../src/features/files.js';
import { readShardRows } from '../src/features/shardRows.js';
import { formatBytes } from '../src/formats/numbers.js';

const NUM_ROUNDS = 5;

/** A file of any format that is no store; a table is opened as one. */
async function opened(file: string): Promise<RowSource> {
  const source = await openRowSource(file);
  if (source === undefined) throw new Error(`${file} is a table, or nothing that is read here`);
  return source;
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

async function read(file: string, numRows: number): Promise<void> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'lxmert-formats-'));
  const source = await opened(file);
  try {
    await convertToStore(source, folder, { dtype: 'float32', maxImages: numRows });
    const rates: [number[], number[]] = [[], []];
    for (let round = 0; round < NUM_ROUNDS; round++) {
      rates[0].push(await rate(source.rows(), numRows));
      rates[1].push(await rate(checkedRows(folder), numRows));
    }
    const [ofFile, ofStore] = rates.map(medianOf) as [number, number];
    console.log(`${file}: ${source.identity.format}, ${source.featureSize} values a box`);
    console.log(`read and checked            ${ofFile.toFixed(0)} rows a second`);
    console.log(`of a float32 store          ${ofStore.toFixed(0)} rows a second`);
    console.log(`share                       ${((100 * ofFile) / ofStore).toFixed(0)} %`);
  } finally {
    source.close();
    rmSync(folder, { recursive: true });
  }
}

async function convert(file: string, store: string): Promise<void> {
  resetPeakMemory();
  const before = process.memoryUsage().rss;
  const start = performance.now();
  const source = await opened(file);
  const openSeconds = (performance.now() - start) / 1000;
  try {
    const { numImages } = await convertToStore(source, store, {});
    const seconds = (performance.now() - start) / 1000;
    console.log(`${file}: ${formatBytes(source.numBytes)}, ${numImages} rows, ${source.identity.format}`);
    console.log(`opened in                   ${openSeconds.toFixed(1)} s`);
    console.log(
      `converted in                ${seconds.toFixed(1)} s, ${(numImages / seconds).toFixed(0)} rows a second`,
    );
    console.log(
      `memory at most              ${formatBytes(peakMemory())}, ${formatBytes(before)} of it before`,
    );
  } finally {
    source.close();
  }
}

const [mode, file, last] = process.argv.slice(2);
if (mode === 'read' && file !== undefined) await read(file, Number(last ?? 1000));
else if (mode === 'convert' && file !== undefined && last !== undefined) await convert(file, last);
else {
  console.error('usage: featureFormats.js read FILE [ROWS] | convert FILE STORE');
  process.exitCode = 2;
}
