/** @file A model's tensors in the wrappers and under the names that other programs save, as .pth files made byte by byte. */

import { writeFileSync } from 'node:fs';
import { CheckpointFile } from '../../src/checkpoint/index.js';
import { scope } from '../../src/torch/index.js';
import { bytes, integer, pickle, pickledDict, pickledTensor, pthFile } from '../checkpoint/bytes.js';

/** Values of one tensor. */
export interface PlainTensor {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** What is pickled: tensors by name, further dictionaries, counters. */
export interface Tree {
  readonly [key: string]: PlainTensor | Tree | number;
}

/** All tensors of a file by their names in it. */
export async function plainTensors(file: string): Promise<Map<string, PlainTensor>> {
  const checkpoint = await CheckpointFile.open(file);
  return new Map(
    [...checkpoint.entries].map(([canonical, { name, shape }]) => [
      name,
      { shape, values: scope(() => Float32Array.from(checkpoint.tensor(canonical).toFloat32Array())) },
    ]),
  );
}

/** The tensors under other names. */
export function renamed(
  tensors: ReadonlyMap<string, PlainTensor>,
  rename: (name: string) => string,
): Record<string, PlainTensor> {
  return Object.fromEntries([...tensors].map(([name, tensor]) => [rename(name), tensor]));
}

/** The tensors with other values of the same shapes. */
export function changed(
  tensors: Readonly<Record<string, PlainTensor>>,
  change: (value: number, name: string, index: number) => number,
): Record<string, PlainTensor> {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, { shape, values }]) => [
      name,
      { shape, values: values.map((value, i) => change(value, name, i)) },
    ]),
  );
}

/** Writes a .pth file. Equal objects share a storage, as in Python. */
export function writePth(file: string, tree: Tree): void {
  const storages: Record<string, Uint8Array> = {};
  const keys = new Map<PlainTensor, string>();
  const encode = (node: PlainTensor | Tree | number): Buffer => {
    if (typeof node === 'number') return integer(node);
    if (!isTensor(node)) {
      return pickledDict(Object.fromEntries(Object.entries(node).map(([key, each]) => [key, encode(each)])));
    }
    const key = keys.get(node) ?? String(keys.size);
    keys.set(node, key);
    const { shape, values } = node;
    storages[key] = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    const strides = shape.map((_, i) => shape.slice(i + 1).reduce((product, size) => product * size, 1));
    return pickledTensor({ key, numStored: values.length, shape, strides });
  };
  writeFileSync(file, pthFile(pickle(bytes(encode(tree))), storages));
}

function isTensor(node: PlainTensor | Tree): node is PlainTensor {
  return node.values instanceof Float32Array;
}
