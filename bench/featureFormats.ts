/**
 * @file Files of region features, each kind made by the library that its users have (bench/formats/makeFiles.py):
 *
 * `node dist/bench/featureFormats.js rates [--kind KIND]... [--rows 400] [--python python3]`: rows a second of each kind, read and
 * checked, beside the same rows out of a float32 store, as a table.
 *
 * `... memory --kind KIND... [--gigabytes 4]`: the most memory that `lxmert features convert` takes for a file of so many bytes
 * of features (of `parquet`: `lxmert prepare` and `lxmert images export`). One file at a time lies on the disk, in --folder.
 *
 * `... read FILE [--rows 400]` measures the rates of a file that is there.
 */

import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { formatBytes } from '../src/formats/numbers.js';
import { FEATURE_KINDS, type FileKind, makeFile } from './formats/kinds.js';
import { watchCommand } from './formats/memory.js';
import { measureRates } from './formats/rates.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    kind: { type: 'string', multiple: true, default: [] },
    rows: { type: 'string', default: '400' },
    gigabytes: { type: 'string', default: '4' },
    python: { type: 'string', default: 'python3' },
    folder: { type: 'string', default: os.tmpdir() },
  },
});
const PARQUET: FileKind = { maker: 'parquet', name: 'Parquet with pictures inside', ending: '.parquet' };
/** 36 boxes of 2048 float32 values; a picture in a Parquet table. */
const [ROW_BYTES, PICTURE_BYTES] = [36 * 2048 * 4, 100_000];
const FLOAT16 = new Set(['lmdb-uniter']);

const [mode, file] = positionals;
const kinds = values.kind.length > 0 ? values.kind : Object.keys(FEATURE_KINDS);
const unknown = kinds.find((kind) => !(kind in FEATURE_KINDS) && !(mode === 'memory' && kind === 'parquet'));
if (unknown !== undefined || !['rates', 'memory', 'read'].includes(mode ?? '')) {
  console.error(
    `usage: featureFormats.js rates|memory|read; kinds: ${Object.keys(FEATURE_KINDS).join(', ')}, parquet`,
  );
  process.exit(2);
}
if (mode === 'read' && file !== undefined) await readOne(file);
if (mode === 'rates') await allRates();
if (mode === 'memory') for (const kind of kinds) await memoryOf(kind);

async function readOne(given: string): Promise<void> {
  const { format, featureSize, ofFile, ofStore } = await measureRates(given, Number(values.rows));
  console.log(`${given}: ${format}, ${featureSize} values a box`);
  console.log(`read and checked            ${ofFile.toFixed(0)} rows a second`);
  console.log(`of a float32 store          ${ofStore.toFixed(0)} rows a second`);
  console.log(`share                       ${((100 * ofFile) / ofStore).toFixed(0)} %`);
}

async function allRates(): Promise<void> {
  console.log('| File | rows a second | of a store | share |');
  console.log('| --- | ---: | ---: | ---: |');
  for (const kind of kinds)
    await inFolder(async (folder) => {
      const about = FEATURE_KINDS[kind] as FileKind;
      const made = makeFile(values.python, about, Number(values.rows), folder);
      const { ofFile, ofStore } = await measureRates(made, Number(values.rows));
      const share = ((100 * ofFile) / ofStore).toFixed(0);
      console.log(`| ${about.name} | ${ofFile.toFixed(0)} | ${ofStore.toFixed(0)} | ${share} % |`);
    });
}

async function memoryOf(kind: string): Promise<void> {
  await inFolder(async (folder) => {
    const about = FEATURE_KINDS[kind] ?? PARQUET;
    const each = about === PARQUET ? PICTURE_BYTES : FLOAT16.has(kind) ? ROW_BYTES / 2 : ROW_BYTES;
    const made = makeFile(values.python, about, Math.round((Number(values.gigabytes) * 1e9) / each), folder);
    const out = (name: string): string => path.join(folder, name);
    const commands =
      about === PARQUET
        ? [
            ['prepare', 'vqa', made, '--output', out('vqa'), '--as', 'val2014'],
            ['images', 'export', made, '--out', out('pictures'), '--as', 'val2014'],
          ]
        : [['features', 'convert', made, out('store')]];
    for (const words of commands) {
      const { seconds, peakBytes, peakOwnBytes, exitCode, said } = await watchCommand(words);
      console.log(`${about.name}, ${formatBytes(bytesOf(made))}: lxmert ${words.slice(0, 2).join(' ')}`);
      console.log(
        `  memory at most            ${formatBytes(peakBytes)}; ${formatBytes(peakOwnBytes)} of it no file's`,
      );
      console.log(`  took                      ${seconds.toFixed(0)} s, ended with ${exitCode}: ${said}`);
    }
  });
}

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(path.join(values.folder, 'lxmert-formats-'));
  try {
    await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function bytesOf(made: string): number {
  if (statSync(made).isFile()) return statSync(made).size;
  return readdirSync(made).reduce((sum, name) => sum + statSync(path.join(made, name)).size, 0);
}
