/** @file How two rows of one image compare. */

import { describe, expect, it } from 'vitest';
import { compareRows } from '../../src/extraction/agreement.js';
import { readObj36 } from '../../src/features/obj36Reader.js';
import type { FeatureRow } from '../../src/features/row.js';
import { collect, makeRow } from '../features/support.js';
import { publishedPath } from '../support/published.js';

/** Boxes that overlap little, so that each has one partner. */
function gridRow(numBoxes = 20): FeatureRow {
  const boxes = Array.from({ length: numBoxes }, (_, i) => {
    const [x, y] = [20 * (i % 5), 20 * Math.floor(i / 5)];
    return [x, y, x + 18, y + 18];
  });
  return { ...makeRow(3, { numBoxes, width: 400, height: 400 }), boxes: Float32Array.from(boxes.flat()) };
}

/** The row's boxes in another order. */
function reordered(row: FeatureRow, order: readonly number[]): FeatureRow {
  const size = row.features.length / row.numBoxes;
  const pick = (values: Float32Array, per: number): Float32Array =>
    Float32Array.from(order.flatMap((i) => [...values.subarray(i * per, (i + 1) * per)]));
  return {
    ...row,
    numBoxes: order.length,
    boxes: pick(row.boxes, 4),
    features: pick(row.features, size),
    objectsId: BigInt64Array.from(order, (i) => row.objectsId[i] as bigint),
    attrsId: BigInt64Array.from(order, (i) => row.attrsId[i] as bigint),
  };
}

describe('two rows', () => {
  it('that are equal agree in everything', () => {
    const row = gridRow();
    const perfect = { medianError: 0, largestError: 0, sameObjects: 1, sameAttributes: 1 };
    expect(compareRows(row, row, row)).toEqual({
      imageId: row.imageId,
      numReference: 20,
      numFound: 20,
      numSame: 20,
      meanOverlap: 1,
      isSameOrder: true,
      onFoundBoxes: perfect,
      onReferenceBoxes: perfect,
      agrees: true,
    });
  });

  it('in another order agree, and it is said', () => {
    const row = gridRow();
    const found = reordered(row, [...Array(20).keys()].reverse());
    expect(compareRows(row, found, row)).toMatchObject({
      numSame: 20,
      isSameOrder: false,
      agrees: true,
      onFoundBoxes: { largestError: 0, sameObjects: 1 },
    });
  });

  it('agree with nine boxes of ten found again, and with fewer they do not', () => {
    const row = gridRow();
    const without = (numMissing: number) => reordered(row, [...Array(20 - numMissing).keys()]);
    expect(compareRows(row, without(2), row)).toMatchObject({ numFound: 18, numSame: 18, agrees: true });
    expect(compareRows(row, without(3), row)).toMatchObject({ numSame: 17, agrees: false });
  });

  it('count a box as the same by its overlap, and each box once', () => {
    const row = gridRow(2);
    // 18 x 18 against 18 x 17: 0.944; against 18 x 16: 0.889.
    const shrunk = (by: number): FeatureRow => ({
      ...row,
      boxes: row.boxes.map((value, i) => (i === 3 ? value - by : value)),
    });
    expect(compareRows(row, shrunk(1), row)).toMatchObject({ numSame: 2, meanOverlap: (1 + 17 / 18) / 2 });
    expect(compareRows(row, shrunk(2), row)).toMatchObject({ numSame: 1, agrees: false });
    const twice = reordered(row, [0, 0]);
    expect(compareRows(row, twice, row).numSame).toBe(1);
    expect(compareRows(twice, row, twice).numSame).toBe(1);
  });

  it('differ when features on the same boxes do, by the length of the difference', () => {
    const row = gridRow(4);
    const size = row.features.length / 4;
    const scaled = (factor: number, from: number) => ({
      ...row,
      features: row.features.map((value, i) => (i >= from * size ? value * factor : value)),
    });
    const { onReferenceBoxes, agrees } = compareRows(row, row, scaled(1.005, 0));
    expect(onReferenceBoxes.medianError).toBeCloseTo(0.005, 5);
    expect(agrees).toBe(true);
    expect(compareRows(row, row, scaled(1.02, 0)).agrees).toBe(false);
    // One of four: the median stays.
    const one = compareRows(row, row, scaled(2, 3));
    expect(one.agrees).toBe(true);
    expect(one.onReferenceBoxes).toMatchObject({ medianError: 0, largestError: 1 });
  });

  it('of zeros, of other labels, of nothing in common', () => {
    const row = gridRow(4);
    const zeros = { ...row, features: row.features.map(() => 0) };
    expect(compareRows(zeros, zeros, zeros).onReferenceBoxes.largestError).toBe(0);
    expect(compareRows(row, row, zeros).onReferenceBoxes.largestError).toBe(1);
    const others = { ...row, objectsId: row.objectsId.map((id, i) => (i === 0 ? id + 1n : id)) };
    expect(compareRows(row, row, others).onReferenceBoxes).toMatchObject({
      sameObjects: 0.75,
      sameAttributes: 1,
    });
    const elsewhere = { ...row, boxes: row.boxes.map((value) => value + 200) };
    expect(compareRows(row, elsewhere, row)).toMatchObject({
      numSame: 0,
      meanOverlap: null,
      onFoundBoxes: null,
    });
  });

  it('of different detectors or pictures are refused', () => {
    const row = gridRow(4);
    expect(() => compareRows(row, makeRow(3, { featureSize: 8 }), row)).toThrow(/have 6 values a region.* 8/);
    expect(() => compareRows(row, { ...row, width: 401 }, row)).toThrow(/400 x 400 .*401 x 400/);
  });
});

describe('the real rows', () => {
  it('agree with themselves, and not with each other', async () => {
    const rows = (await collect(readObj36(publishedPath('features', 'train2014_obj36.tsv')))).map(
      ({ row }) => row,
    );
    for (const [i, row] of rows.entries()) {
      expect(compareRows(row, row, row)).toMatchObject({ numSame: 36, agrees: true });
      const other = rows[(i + 1) % rows.length] as FeatureRow;
      const { agrees } = compareRows({ ...row, width: other.width, height: other.height }, other, other);
      expect(agrees).toBe(false);
    }
  });
});
