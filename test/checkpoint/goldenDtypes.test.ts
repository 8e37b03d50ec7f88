/** Every element type, strided and shared views, as PyTorch wrote them in both layouts. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CheckpointFile } from '../../src/checkpoint/index.js';
import { scope, type Tensor } from '../../src/torch/index.js';
import * as ops from '../../src/torch/operators/index.js';
import { goldenPath } from '../support/golden.js';

interface Recorded {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly stride: readonly number[];
  readonly storage_offset: number;
  readonly values: ReadonlyArray<number | boolean | string>;
}

/** Row-major values in full precision: int64 as bigint, everything else as a number. */
function exactValues(tensor: Tensor): Array<number | bigint> {
  const isInteger64 = tensor.dtype === 'int64';
  const plain = ops.contiguous(isInteger64 ? tensor : ops.to(tensor, 'float64'));
  return [...(plain.data() as Float64Array | BigInt64Array)];
}

describe('the recorded values', () => {
  const recorded = (
    JSON.parse(readFileSync(goldenPath('index.json'), 'utf8')) as {
      dtypes_files: { tensors: Record<string, Recorded> };
    }
  ).dtypes_files.tensors;

  it.each(['dtypes_legacy.pth', 'dtypes_zip.pth'])('%s', async (name) => {
    const checkpoint = await CheckpointFile.open(goldenPath(name));
    expect([...checkpoint.entries.keys()]).toEqual(Object.keys(recorded));
    expect(checkpoint.parsed.ignored).toEqual(['plain']);
    for (const [key, { dtype, shape, stride, storage_offset, values }] of Object.entries(recorded)) {
      const entry = checkpoint.entries.get(key)!;
      expect([entry.dtype, entry.shape, entry.strides, entry.storageOffset], key).toEqual([
        dtype,
        shape,
        stride,
        storage_offset,
      ]);
      const expected = values.map((value) =>
        dtype === 'int64' ? BigInt(value) : Number(value === 'inf' ? Infinity : value),
      );
      scope(() => expect(exactValues(checkpoint.tensor(key)), key).toEqual(expected));
    }
    const regions = ['f32', 'f32_transposed', 'f32_slice', 'f32_shares_storage'].map(
      (key) => checkpoint.entries.get(key)!.storage,
    );
    expect(new Set(regions).size).toBe(1);
  });
});
