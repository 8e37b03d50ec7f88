/** Pickles that NumPy itself wrote (see fixtures/makeNumpyPickles.py), and ones that it never would. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { CheckpointFile } from '../../src/checkpoint/index.js';
import { LxmertError } from '../../src/common/errors.js';
import { Random } from '../../src/common/random.js';
import { scope } from '../../src/torch/index.js';
import * as ops from '../../src/torch/operators/index.js';
import { bytes, pickle, pickledDict, temporaryFolder, uint32, unicode } from './bytes.js';

const folder = temporaryFolder();
const fixture = (name: string): string => path.join(import.meta.dirname, 'fixtures', `numpy-${name}.pkl`);
const range = (count: number, value: (i: number) => number): number[] =>
  Array.from({ length: count }, (_, i) => value(i));

const long = range(1100, (i) => Math.imul(i, 2654435761));
const arrays: ReadonlyArray<[string, string, number[], number[]]> = [
  ['float32', 'float32', [2, 3, 4], range(24, (i) => i / 8 - 1)],
  ['fortran', 'float32', [2, 3], [0, 1, 2, 3, 4, 5]],
  ['strided', 'float32', [3, 2], [0, 2, 4, 6, 8, 10]],
  ['float64', 'float64', [2], [0.1, -2.5]],
  ['float16', 'float16', [3], [0.5, -3, 65504]],
  ['int64', 'int64', [2, 1], [1, -2]],
  ['int32', 'int32', [2], [7, -8]],
  ['uint8', 'uint8', [3], [0, 200, 255]],
  ['bool', 'bool', [2], [1, 0]],
  ['empty', 'float32', [0, 3], []],
  ['zeroDimensions', 'float32', [], [1.5]],
  ['scalar', 'float32', [], [2.5]],
  ['long', 'int32', [1100], long],
];

function values(checkpoint: CheckpointFile, name: string): number[] {
  return scope(() => [
    ...(ops.contiguous(ops.to(checkpoint.tensor(name), 'float64')).data() as Float64Array),
  ]);
}

describe.each([2, 3, 4, 5])('protocol %i', (protocol) => {
  it.each(arrays)('%s', async (name, dtype, shape, expected) => {
    const checkpoint = await CheckpointFile.open(fixture(String(protocol)));
    expect(checkpoint.format).toBe('numpy-pickle');
    expect(checkpoint.parsed.wrapper).toEqual(['model']);
    expect([...checkpoint.entries.keys()].sort()).toEqual(arrays.map(([each]) => each).sort());
    expect(checkpoint.entries.get(name)).toMatchObject({ dtype, shape });
    expect(values(checkpoint, name)).toEqual(expected);
  });
});

it('Python 2, whose names and bytes are strings', async () => {
  const checkpoint = await CheckpointFile.open(fixture('python2'));
  expect(values(checkpoint, 'short')).toEqual([1.5, Math.fround(-0.1)]);
  expect(values(checkpoint, 'long')).toEqual(long);
});

/** An array as NumPy 1 pickles it in protocol 3. */
function array(code: string, order: string, shape: number, data: Uint8Array): Buffer {
  return bytes(
    'cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\n',
    bytes('K', 0, '\x85', 'C', 1, 'b', '\x87R(K', 1, 'K', shape, '\x85'),
    bytes(
      'cnumpy\ndtype\n',
      unicode(code),
      'K',
      0,
      'K',
      1,
      '\x87R(K',
      3,
      unicode(order),
      'NNNK',
      0,
      'K',
      0,
      'K',
      0,
      'tb',
    ),
    bytes('\x89', 'B', uint32(data.length), data, 'tb'),
  );
}

describe('what is no plain array gets a sentence', () => {
  const eight = Buffer.alloc(8);
  it.each<[string, Buffer, RegExp]>([
    ['big-endian numbers', array('f4', '>', 2, eight), /big-endian machine/],
    ['an element type that no tensor has', array('U2', '<', 1, eight), /NumPy's type U2; f8, f4/],
    [
      'a shape that a long text cannot fill',
      // In place of the empty bytes and the end of the array's state.
      bytes(
        array('f4', '<', 200, Buffer.alloc(0)).subarray(0, -7),
        'c_codecs\nencode\n',
        unicode('x'.repeat(5000)),
        unicode('latin1'),
        '\x86Rtb',
      ),
      /5000 bytes instead of 800/,
    ],
    ['complex numbers', array('c8', '<', 1, eight), /type c8/],
    ['too few bytes', array('f4', '<', 3, eight), /8 bytes instead of 12/],
    [
      'a function outside the list',
      bytes('cos\nsystem\n', unicode('rm'), '\x85R'),
      /os\.system.*nothing was run/,
    ],
    ['a split name', bytes('cnumpy.core\nmultiarray._reconstruct\n', ')R'), /not among the few types/],
    [
      'an array without values',
      bytes('cnumpy.core.multiarray\n_reconstruct\n)R'),
      /without a shape and values/,
    ],
    ['a call of what is no function', bytes('cnumpy\nndarray\n)R'), /it calls numpy\.ndarray/],
  ])('%s', async (_what, value, message) => {
    const file = await folder.write('a.pkl', pickle(pickledDict({ 'a long enough name': value })));
    await expect(CheckpointFile.open(file)).rejects.toThrow(message);
    await expect(CheckpointFile.open(file)).rejects.toBeInstanceOf(LxmertError);
  });

  it('a pickle without arrays, and bytes behind the end', async () => {
    const none = await folder.write('a.pkl', pickle(pickledDict({ 'a long enough name': unicode('x') })));
    await expect(CheckpointFile.open(none)).rejects.toThrow(/no named tensors/);
    const whole = await readFile(fixture('4'));
    const tail = await folder.write('a.pkl', bytes(whole, 0));
    await expect(CheckpointFile.open(tail)).rejects.toThrow(/1 bytes after its end/);
  });
});

describe.each(['2', '3', '4', '5', 'python2'])('damage to %s', (name) => {
  async function attempt(content: Uint8Array): Promise<boolean> {
    const file = await folder.write('damaged.pkl', content);
    try {
      const checkpoint = await CheckpointFile.open(file);
      scope(() => {
        for (const [key, entry] of checkpoint.entries)
          expect(checkpoint.tensor(key).numel).toBe(entry.numElements);
      });
      return true;
    } catch (error) {
      expect(error).toBeInstanceOf(LxmertError);
      expect((error as Error).message).toContain(file);
      return false;
    }
  }

  it('cut anywhere is refused, and changed bytes do no worse', async () => {
    const whole = await readFile(fixture(name));
    const random = Random.derive(2, name);
    expect(await attempt(whole)).toBe(true);
    for (let i = 0; i < 100; i++)
      expect(await attempt(whole.subarray(0, random.integer(whole.length)))).toBe(false);
    for (let i = 0; i < 300; i++) {
      const damaged = Buffer.from(whole);
      // The first 1,500 bytes hold the instructions; most of the rest is numbers.
      const at = random.integer(Math.min(1500, damaged.length));
      damaged[at] = random.uniform() < 0.5 ? random.integer(256) : damaged[at]! ^ (1 << random.integer(8));
      await attempt(damaged);
    }
  });
});
