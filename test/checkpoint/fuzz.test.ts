/** Files cut at every length and with bits turned: an error in words, or a checkpoint whose tensors can be read. */
import { describe, expect, it } from 'vitest';
import { CheckpointFile } from '../../src/checkpoint/index.js';
import { LxmertError } from '../../src/common/errors.js';
import { Random } from '../../src/common/random.js';
import { scope } from '../../src/torch/index.js';
import {
  bytes,
  floats,
  legacyFile,
  pickle,
  pickledDict,
  pickledTensor,
  pthFile,
  safetensorsFile,
  temporaryFolder,
} from './bytes.js';

const folder = temporaryFolder();
const six = floats(1, 2, 3, 4, 5, 6);

const object = (isLegacy: boolean): Buffer =>
  pickle(
    pickledDict({
      a: pickledTensor({ isLegacy }),
      b: pickledTensor({ isLegacy, offset: 1, shape: [2, 2], strides: [2, 1] }),
      c: pickledTensor({
        isLegacy,
        key: '1',
        storageClass: 'LongStorage',
        numStored: 3,
        shape: [3],
        strides: [1],
      }),
    }),
  );

const entry = (dtype: string, begin: number, end: number, shape: string): string =>
  `{"dtype":"${dtype}","shape":${shape},"data_offsets":[${begin},${end}]}`;

const files: ReadonlyArray<readonly [string, Buffer]> = [
  [
    'legacy.pth',
    legacyFile({
      object: object(true),
      storages: [
        ['0', 6, six],
        ['1', 3, six],
      ],
    }),
  ],
  ['zip.pth', pthFile(object(false), { '0': six, '1': six })],
  [
    'model.safetensors',
    safetensorsFile(
      `{"__metadata__":{"format":"pt"},"a":${entry('F32', 0, 24, '[2,3]')},"c":${entry('I64', 24, 48, '[3]')}}`,
      bytes(six, six),
    ),
  ],
];

/** Opens and reads everything; an error must be one for a person. True when the file was read. */
async function attempt(name: string, content: Uint8Array): Promise<boolean> {
  const path = await folder.write(name, content);
  try {
    const checkpoint = await CheckpointFile.open(path);
    scope(() => {
      for (const [key, { numElements }] of checkpoint.entries) {
        expect(numElements).toBeLessThanOrEqual(2 ** 24);
        expect(checkpoint.tensor(key).toFloat32Array().length).toBe(numElements);
      }
    });
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(LxmertError);
    expect((error as Error).message).toContain(path);
    return false;
  }
}

describe.each(files)('%s', (name, whole) => {
  it('is read when whole', async () => {
    expect(await attempt(name, whole)).toBe(true);
  });

  it('is refused when cut at any byte', async () => {
    for (let length = 0; length < whole.length; length++) {
      expect(await attempt(name, whole.subarray(0, length)), `cut to ${length} bytes`).toBe(false);
    }
  });

  it('never does worse than an error when bytes change', async () => {
    const random = Random.derive(1, name);
    let numRefused = 0;
    for (let i = 0; i < 800; i++) {
      const damaged = Buffer.from(whole);
      const numChanges = 1 + random.integer(3);
      for (let change = 0; change < numChanges; change++) {
        // Whole bytes half of the time, single bits else: lengths, offsets and opcodes are reached by both.
        const at = random.integer(damaged.length);
        damaged[at] = random.uniform() < 0.5 ? random.integer(256) : damaged[at]! ^ (1 << random.integer(8));
      }
      if (!(await attempt(name, damaged))) numRefused++;
    }
    expect(numRefused).toBeGreaterThan(160);
  });
});
