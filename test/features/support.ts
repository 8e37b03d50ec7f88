/** @file Rows, files and folders that the tests of features share. */

import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll } from 'vitest';
import { Random } from '../../src/common/random.js';
import type { FeatureRow } from '../../src/features/row.js';

/** A new empty folder that goes away after the test file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'lxmert-features-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A sound row whose values depend on `seed` alone. */
export function makeRow(
  seed: number,
  fields: Partial<FeatureRow> & { featureSize?: number } = {},
): FeatureRow {
  const random = new Random(seed);
  const numBoxes = fields.numBoxes ?? 4;
  const featureSize = fields.featureSize ?? 6;
  const height = fields.height ?? 100 + random.integer(400);
  const width = fields.width ?? 100 + random.integer(400);
  const floats = (length: number) => Float32Array.from({ length }, () => random.uniform());
  const labels = (below: number) =>
    BigInt64Array.from({ length: numBoxes }, () => BigInt(random.integer(below)));
  const boxes = new Float32Array(numBoxes * 4);
  for (let i = 0; i < numBoxes; i++) {
    const xs = [random.uniform() * width, random.uniform() * width].sort((a, b) => a - b);
    const ys = [random.uniform() * height, random.uniform() * height].sort((a, b) => a - b);
    boxes.set([xs[0] as number, ys[0] as number, xs[1] as number, ys[1] as number], i * 4);
  }
  const { featureSize: _, ...rest } = fields;
  return {
    imageId: `image_${seed}`,
    height,
    width,
    numBoxes,
    objectsId: labels(1600),
    objectsConf: floats(numBoxes),
    attrsId: labels(400),
    attrsConf: floats(numBoxes),
    boxes,
    features: floats(numBoxes * featureSize).map((value) => (value < 0.3 ? 0 : value * 30)),
    ...rest,
  };
}

export function makeRows(count: number, fields: Parameters<typeof makeRow>[1] = {}): FeatureRow[] {
  return Array.from({ length: count }, (_, i) => makeRow(i, fields));
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** The message of the error that `work` throws; a test fails when it throws none. */
export async function errorOf(work: () => unknown): Promise<Error & { exitCode?: number }> {
  try {
    await work();
  } catch (error) {
    return error as Error;
  }
  throw new Error('Expected an error, and none was thrown.');
}
