/** @file What `lxmert features info` says of files that are no stores. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { FeatureFileInfo } from '../../src/features/fileInfo.js';
import { writeObj36 } from '../../src/features/obj36Writer.js';
import { writeTsvProvenance } from '../../src/features/tsvProvenance.js';
import { unknownProvenance } from '../../src/features/unknownProvenance.js';
import { lxmert } from '../support/commandLine.js';
import { makeRow } from './support.js';

const folder = mkdtempSync(path.join(tmpdir(), 'file-info-'));
const at = (name: string): string => path.join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));
const rows = Array.from({ length: 40 }, (_, i) => makeRow(i, { featureSize: 16, numBoxes: i === 3 ? 2 : 5 }));
beforeAll(async () => {
  await writeObj36(at('few.tsv'), rows.slice(0, 4));
  await writeObj36(at('many.tsv'), rows);
  writeFileSync(at('few.tsv.gz'), gzipSync(readFileSync(at('few.tsv'))));
  writeFileSync(at('cut.tsv'), readFileSync(at('few.tsv')).subarray(0, -40));
});

async function infoOf(name: string): Promise<FeatureFileInfo> {
  const { stdout, stderr, exitCode } = await lxmert('features', 'info', at(name), '--json');
  expect(exitCode, stderr).toBe(0);
  return JSON.parse(stdout) as FeatureFileInfo;
}

it.each(['few.tsv', 'few.tsv.gz'])('counts what it has read whole: %s', async (name) => {
  const values = rows.slice(0, 4).flatMap(({ features }) => [...features]);
  expect(await infoOf(name)).toMatchObject({
    path: at(name),
    format: 'TSV',
    numImages: 4,
    isEstimate: false,
    numBoxes: [2, 5],
    featureSize: 16,
    numLookedAt: 4,
    values: { min: Math.min(...values), max: Math.max(...values), numValues: 17 * 16 },
    detector: null,
    labels: 'all',
    sampleIds: ['image_0', 'image_1', 'image_2'],
  });
});

it('estimates by the first rows of a larger file', async () => {
  const { numImages, isEstimate, numLookedAt } = await infoOf('many.tsv');
  expect([isEstimate, numLookedAt]).toEqual([true, 32]);
  expect(Math.abs(numImages - 40)).toBeLessThanOrEqual(1);
  expect((await lxmert('features', 'info', at('many.tsv'))).stdout).toMatch(
    /^images +about \d+ \(image_0, /m,
  );
});

it('says what stands beside it of the detector, and which row is not sound', async () => {
  const provenance = { ...unknownProvenance, detector: 'mine' };
  await writeTsvProvenance(at('cut.tsv'), { provenance, contentHashes: new Map() });
  const { stdout } = await lxmert('features', 'info', at('cut.tsv'));
  expect(stdout).toMatch(/^detector +mine$/m);
  expect(stdout).toMatch(/^Something is wrong: .*cut\.tsv, line 4/m);
});
