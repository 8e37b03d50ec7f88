/** @file Damage to bytes: what bad disks, cut copies, wrong ends and people with editors leave behind. */

import type { Random } from '../../../src/common/random.js';

/** One change to a file's bytes; what it is given is not written to. */
export type ByteMutation = (bytes: Buffer, random: Random) => Buffer;

/** Numbers at which readers go wrong, as text. */
export const EXTREME_NUMBERS = [
  ...['0', '-0', '-1', '1', '2', '127', '128', '255', '65536', '2147483647', '2147483648', '-2147483649'],
  ...['4294967295', '4294967296', '9007199254740991', '9007199254740993', '18446744073709551616'],
  ...['1e308', '1e400', '-1e400', '5e-324', '0.1', '-0.5', 'NaN', 'Infinity', '-inf', '0x10', '1_000', ''],
] as const;

/** The same as bytes of 1, 2, 4 and 8, in both orders. */
const EXTREME_BYTES = [
  ...['00', 'ff', '7f', '80', '0000', 'ffff', '7fff', 'ff7f', '00000000', 'ffffffff', '7fffffff', 'ffffff7f'],
  ...['0000000000000000', 'ffffffffffffffff', 'ffffffffffffff7f', '7fffffffffffffff', '0000000001000000'],
  // Not a number, infinity and the largest float32, and infinity as float16.
  ...['0000c07f', '0000807f', 'ffff7f7f', '007c', '000080ff'],
].map((text) => Buffer.from(text, 'hex'));

/** Half of the places are in the head or the tail, where files say what they are. */
function placeIn(bytes: Buffer, random: Random): number {
  const draw = random.uniform();
  if (draw < 0.35) return random.integer(Math.min(bytes.length, 600));
  if (draw < 0.5) return bytes.length - 1 - random.integer(Math.min(bytes.length, 200));
  return random.integer(bytes.length);
}

/** From a few bytes to a large part of the file. */
function lengthIn(bytes: Buffer, random: Random): number {
  const most = random.pick([4, 16, 256, 4096, bytes.length]);
  return 1 + random.integer(Math.min(bytes.length, most));
}

const flipBit: ByteMutation = (bytes, random) => {
  const changed = Buffer.from(bytes);
  changed[placeIn(bytes, random)]! ^= 1 << random.integer(8);
  return changed;
};

const setByte: ByteMutation = (bytes, random) => {
  const changed = Buffer.from(bytes);
  changed[placeIn(bytes, random)] = random.integer(256);
  return changed;
};

const setExtreme: ByteMutation = (bytes, random) => {
  const changed = Buffer.from(bytes);
  random.pick(EXTREME_BYTES).copy(changed, placeIn(bytes, random));
  return changed;
};

const cut: ByteMutation = (bytes, random) => bytes.subarray(0, placeIn(bytes, random));

const cutStart: ByteMutation = (bytes, random) => bytes.subarray(placeIn(bytes, random));

const remove: ByteMutation = (bytes, random) => {
  const at = placeIn(bytes, random);
  return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + lengthIn(bytes, random))]);
};

const repeat: ByteMutation = (bytes, random) => {
  const at = placeIn(bytes, random);
  const part = bytes.subarray(at, at + lengthIn(bytes, random));
  // Never by much: what a small file becomes stays a small file.
  const times = part.length > 1000 ? 1 : 1 + random.integer(20);
  return Buffer.concat([bytes.subarray(0, at), ...Array<Buffer>(times).fill(part), bytes.subarray(at)]);
};

const swapBlocks: ByteMutation = (bytes, random) => {
  const length = Math.min(lengthIn(bytes, random), bytes.length >> 1);
  const first = random.integer(bytes.length - length);
  const second = random.integer(bytes.length - length);
  const changed = Buffer.from(bytes);
  bytes.copy(changed, first, second, second + length);
  bytes.copy(changed, second, first, first + length);
  return changed;
};

const insertNoise: ByteMutation = (bytes, random) => {
  const at = placeIn(bytes, random);
  const noise = Buffer.from(Array.from({ length: 1 + random.integer(64) }, () => random.integer(256)));
  return Buffer.concat([bytes.subarray(0, at), noise, bytes.subarray(at)]);
};

const zeroBlock: ByteMutation = (bytes, random) => {
  const at = placeIn(bytes, random);
  return Buffer.from(bytes).fill(
    random.pick([0, 0xff]),
    at,
    Math.min(bytes.length, at + lengthIn(bytes, random)),
  );
};

/** A run of digits, wherever it is, becomes another number. */
const replaceNumber: ByteMutation = (bytes, random) => {
  const from = placeIn(bytes, random);
  const near = bytes.toString('latin1', from, from + 2000);
  const found = /-?\d+(\.\d+)?/.exec(near);
  if (found === null) return setExtreme(bytes, random);
  const at = from + found.index;
  const number = Buffer.from(random.pick(EXTREME_NUMBERS));
  return Buffer.concat([bytes.subarray(0, at), number, bytes.subarray(at + found[0].length)]);
};

const BYTE_MUTATIONS: readonly ByteMutation[] = [
  ...[flipBit, flipBit, setByte, setByte, setExtreme, setExtreme, replaceNumber, replaceNumber],
  ...[cut, cut, cutStart, remove, repeat, swapBlocks, insertNoise, zeroBlock],
];

/** One change of any kind. */
export const mutateBytes: ByteMutation = (bytes, random) =>
  bytes.length === 0 ? insertNoise(Buffer.from('x'), random) : random.pick(BYTE_MUTATIONS)(bytes, random);
