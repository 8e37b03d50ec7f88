import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { CheckpointFile, saveCheckpoint } from '../../src/checkpoint/index.js';
import { manualSeed, scope, type Tensor } from '../../src/torch/index.js';
import * as ops from '../../src/torch/operators/index.js';

const folder = mkdtempSync(path.join(tmpdir(), 'checksums-'));
afterAll(() => rmSync(folder, { recursive: true }));
const place = (name: string): string => path.join(folder, name);

async function write(file: string): Promise<void> {
  manualSeed(5);
  using first = ops.randn([30, 20]);
  using second = ops.randn([7]);
  const tensors = new Map<string, Tensor>([
    ['first', first],
    ['second', second],
  ]);
  await saveCheckpoint(file, tensors, 'reference-pretraining');
}

/** Reads every tensor of a file. */
async function readAll(file: string): Promise<void> {
  const checkpoint = await CheckpointFile.open(file);
  scope(() => {
    for (const name of checkpoint.entries.keys()) checkpoint.tensor(name).toFloat32Array();
  });
}

/** Where the values of a tensor begin in a file. */
async function offsetOf(file: string, name: string): Promise<number> {
  const entry = (await CheckpointFile.open(file)).entries.get(name);
  return entry?.storage.byteOffset ?? Number.NaN;
}

describe.each(['weights.pth', 'weights.safetensors'])('a flipped bit in %s', (name) => {
  it('in the values of any tensor is told with its name, and nothing is told of the whole file', async () => {
    await write(place(name));
    await readAll(place(name));
    for (const [tensor, within] of [
      ['first', 0],
      ['first', 2399],
      ['second', 13],
    ] as const) {
      const bytes = readFileSync(place(name));
      const at = (await offsetOf(place(name), tensor)) + within;
      bytes[at] = (bytes[at] as number) ^ 0x10;
      writeFileSync(place(`flipped-${name}`), bytes);
      await expect(readAll(place(`flipped-${name}`))).rejects.toThrow(
        new RegExp(`flipped-${name}.*the bytes of ${tensor} are not those that were written`),
      );
    }
  });
});

describe('files without checksums', () => {
  it('of safetensors, or with a note of another meaning, are read as they are', async () => {
    await write(place('own.safetensors'));
    const bytes = readFileSync(place('own.safetensors')).toString('latin1');
    for (const note of ['crc32', 'other']) {
      const changed = bytes.replace(/"crc32":"[0-9a-f ]{17}"/, (found) =>
        note === 'other' ? found.replace('crc32', 'crc33') : found.replace(/:"[0-9a-f]/, ':"x'),
      );
      expect(changed).not.toBe(bytes);
      expect(changed).toHaveLength(bytes.length);
      writeFileSync(place('foreign.safetensors'), changed, 'latin1');
      await readAll(place('foreign.safetensors'));
    }
  });

  it('of torch, whose fields are then all 0, are read as they are', async () => {
    await write(place('own.pth'));
    const bytes = readFileSync(place('own.pth'));
    for (const [signature, field] of [
      ['PK\x03\x04', 14],
      ['PK\x01\x02', 16],
    ] as const) {
      for (let at = bytes.indexOf(signature); at >= 0; at = bytes.indexOf(signature, at + 4)) {
        bytes.writeUInt32LE(0, at + field);
      }
    }
    writeFileSync(place('unchecked.pth'), bytes);
    await readAll(place('unchecked.pth'));
  });
});
