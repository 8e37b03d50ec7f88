import { describe, expect, it } from 'vitest';
import { PickleError } from '../../src/checkpoint/pickle/error.js';
import { readPickle } from '../../src/checkpoint/pickle/interpreter.js';
import { PickleSource } from '../../src/checkpoint/pickle/source.js';
import { findTorchGlobal, readStorageId } from '../../src/checkpoint/pickle/torchGlobals.js';
import { PickleDict, PickleSet, PickleTuple, type PickleValue } from '../../src/checkpoint/pickle/values.js';
import { bytes, pickle, pickledTensor, uint32, uint64, unicode } from './bytes.js';

const environment = { findGlobal: findTorchGlobal, persistentLoad: readStorageId };

function read(data: Uint8Array): PickleValue {
  return readPickle(PickleSource.of(data), environment);
}

/** Plain JavaScript for comparison: tuples become arrays, dictionaries maps. */
function plain(value: PickleValue): unknown {
  if (value instanceof PickleTuple) return value.items.map(plain);
  if (value instanceof PickleDict) return new Map([...value.entries].map(([k, v]) => [plain(k), plain(v)]));
  if (value instanceof PickleSet) return new Set([...value.items].map(plain));
  return Array.isArray(value) ? value.map(plain) : value;
}

/**
 * CPython 3.11's pickle.dumps, protocols 0 to 5, of (True, False, None, 7, -3, 300, 2**40, -2**70, 0.1, inf, 'na\xefve',
 * [1, 'a'], {'k': (1, 2), 3: (1, 2, 3)}, ()), from protocol 4 on with {1} and frozenset([2]) at the end.
 */
const dumps = [
  '284930310a4930300a4e49370a492d330a493330300a4c313039393531313632373737364c0a4c2d313138303539313632303731373431313330333432344c0a46302e310a46696e660a566e61ef76650a70300a286c70310a49310a6156610a70320a61286470330a566b0a70340a2849310a49320a7470350a7349330a2849310a49320a49330a7470360a7328747470370a2e',
  '284930310a4930300a4e4b074afdffffff4d2c014c313039393531313632373737364c0a4c2d313138303539313632303731373431313330333432344c0a473fb999999999999a477ff000000000000058060000006e61c3af766571005d7101284b015801000000617102657d71032858010000006b7104284b014b027471054b03284b014b024b0374710675297471072e',
  '80022888894e4b074afdffffff4d2c018a060000000000018a090000000000000000c0473fb999999999999a477ff000000000000058060000006e61c3af766571005d7101284b015801000000617102657d71032858010000006b71044b014b028671054b034b014b024b0387710675297471072e',
  '80032888894e4b074afdffffff4d2c018a060000000000018a090000000000000000c0473fb999999999999a477ff000000000000058060000006e61c3af766571005d7101284b015801000000617102657d71032858010000006b71044b014b028671054b034b014b024b0387710675297471072e',
  '8004956d000000000000002888894e4b074afdffffff4d2c018a060000000000018a090000000000000000c0473fb999999999999a477ff00000000000008c066e61c3af7665945d94284b018c016194657d94288c016b944b014b0286944b034b014b024b03879475298f94284b0190284b02919474942e',
  '8005956d000000000000002888894e4b074afdffffff4d2c018a060000000000018a090000000000000000c0473fb999999999999a477ff00000000000008c066e61c3af7665945d94284b018c016194657d94288c016b944b014b0286944b034b014b024b03879475298f94284b0190284b02919474942e',
];

describe('what Python pickles', () => {
  it.each(dumps.map((hex, protocol) => [protocol, hex] as const))('protocol %i', (protocol, hex) => {
    const dict = new Map<unknown, unknown>([
      ['k', [1, 2]],
      [3, [1, 2, 3]],
    ]);
    const numbers = [7, -3, 300, 2 ** 40, -(2n ** 70n), 0.1, Infinity];
    const expected: unknown[] = [true, false, null, ...numbers, 'na\u00efve', [1, 'a'], dict, []];
    if (protocol >= 4) expected.push(new Set([1]), new Set([2]));
    expect(plain(read(Buffer.from(hex, 'hex')))).toEqual(expected);
  });

  it('bytes and byte arrays', () => {
    // pickle.dumps((b'xy', bytearray(b'zzz')), 5)
    const hex = '800595150000000000000043027879949603000000000000007a7a7a9486942e';
    expect(plain(read(Buffer.from(hex, 'hex')))).toEqual([
      Uint8Array.from(Buffer.from('xy')),
      Uint8Array.from(Buffer.from('zzz')),
    ]);
  });

  it('reads one pickle after another from one source', () => {
    const source = PickleSource.of(bytes(pickle('K', 1), pickle('K', 2)));
    expect([readPickle(source, environment), readPickle(source, environment)]).toEqual([1, 2]);
    expect(() => readPickle(source, environment)).toThrow(/cut short/);
  });

  it('reads values longer than the chunks it fetches', () => {
    const text = 'x'.repeat(200_000);
    expect(read(pickle(unicode(text), unicode('end'), '\x86'))).toEqual(new PickleTuple([text, 'end']));
  });

  it("Python 2's OrderedDict, whose items are its argument", () => {
    const items = bytes('](](', unicode('a'), 'K', 1, 'e](', unicode('b'), 'K', 2, 'ee');
    const dict = read(pickle('ccollections\nOrderedDict\n(', items, 'tR'));
    expect([...(dict as PickleDict).entries]).toEqual([
      ['a', 1],
      ['b', 2],
    ]);
  });

  it('a dictionary in which a key repeats keeps the last, as Python does', () => {
    expect(plain(read(pickle('}(', unicode('a'), 'K', 1, unicode('a'), 'K', 2, 'u')))).toEqual(
      new Map([['a', 2]]),
    );
  });
});

describe('a hostile pickle', () => {
  const call = bytes(unicode('touch /tmp/owned'), '\x85R');
  it.each<readonly [string, Uint8Array, RegExp]>([
    ['GLOBAL os.system', bytes('cos\nsystem\n', call), /asks for os\.system,.*nothing was run/],
    ['GLOBAL posix.system', bytes('cposix\nsystem\n', call), /asks for posix\.system/],
    ['GLOBAL builtins.eval', bytes('c__builtin__\neval\n', call), /asks for __builtin__\.eval/],
    ['STACK_GLOBAL', bytes(unicode('builtins'), unicode('eval'), '\x93', call), /asks for builtins\.eval/],
    ['STACK_GLOBAL with other things than names', bytes('K', 1, 'K', 2, '\x93'), /names a class by number 1/],
    ['INST', bytes('(', unicode('id'), 'ios\nsystem\n'), /asks for os\.system/],
    ['OBJ', bytes('(cos\nsystem\n', unicode('id'), 'o'), /asks for os\.system/],
    ['OBJ of a string', bytes('(', unicode('os.system'), unicode('id'), 'o'), /calls the string "os.system"/],
    ['NEWOBJ', bytes('csubprocess\nPopen\n', unicode('id'), '\x85\x81'), /asks for subprocess\.Popen/],
    ['NEWOBJ_EX', bytes('csubprocess\nPopen\n)}\x92'), /asks for subprocess\.Popen/],
    [
      'NEWOBJ_EX with keywords',
      bytes('ccollections\nOrderedDict\n)}(', unicode('a'), 'K', 1, 'u\x92'),
      /keyword/,
    ],
    ['REDUCE of a string', bytes(unicode('os.system'), ')R'), /calls the string "os.system"/],
    ['REDUCE of a storage class', bytes('ctorch\nFloatStorage\nK', 5, '\x85R'), /calls torch\.FloatStorage/],
    ['REDUCE without a tuple', bytes('ccollections\nOrderedDict\nK', 5, 'R'), /where a tuple/],
    ['BUILD of a tensor', bytes(pickledTensor(), '}b'), /sets attributes of a tensor/],
    [
      'BUILD of a function',
      bytes('ctorch._utils\n_rebuild_tensor_v2\n}b'),
      /sets attributes of torch\._utils/,
    ],
    ['EXT1', bytes('\x82', 7), /extension code 7/],
    ['EXT2', bytes('\x83', 1, 2), /extension code 513/],
    ['EXT4', bytes('\x84', uint32(70_000)), /extension code 70000/],
    ['NEXT_BUFFER', bytes('\x97'), /buffers outside the file/],
    [
      'a dotted way to an allowed prefix',
      bytes(unicode('torch'), unicode('_utils._rebuild_tensor_v2'), '\x93'),
      /asks for/,
    ],
    ['torch.load inside', bytes('ctorch\nload\n', call), /asks for torch\.load/],
    ['a whole module', bytes('(', unicode('module'), 'NNNtQ'), /whole program object/],
    ['a terminal escape in a name', bytes('cos\nsys\x1b[2Jtem\n'), /asks for os\.sys\?\[2Jtem/],
    ['a persistent id in text', bytes('Pstorage\n'), /where a storage belongs/],
  ])('%s', (_name, code, expected) => {
    expect(() => read(pickle(code))).toThrow(PickleError);
    expect(() => read(pickle(code))).toThrow(expected);
  });
});

describe('a malformed pickle', () => {
  it.each<readonly [string, Uint8Array, RegExp]>([
    ['is empty', bytes(''), /cut short/],
    ['stops with nothing', bytes('.'), /empty stack/],
    ['pops past a mark', bytes('K', 1, '(a.'), /empty stack/],
    ['uses a mark that is not there', bytes('t.'), /mark that was never set/],
    ['recalls what it never remembered', bytes('h', 9, '.'), /recalls value 9/],
    ['appends to a number', bytes('K', 1, 'K', 2, 'a.'), /appends to number 1/],
    ['sets items of a list', bytes('](K', 1, 'K', 2, 'u.'), /sets items of a list/],
    ['leaves a key without value', bytes('}(K', 1, 'u.'), /key without a value/],
    ['has an unknown instruction', bytes(0xff), /byte 0 is 0xff/],
    ['is of a later protocol', bytes(0x80, 6, 'N.'), /protocol 6/],
    ['claims a string of 4 GB', bytes('X', uint32(0xffffffff), 'abc'), /cut short/],
    ['claims a string of 2^63 bytes', bytes('\x8d', uint64(2n ** 63n), 'abc'), /bytes/],
    ['claims bytes of 8 EB', bytes('\x8e', uint64(2n ** 53n - 1n)), /cut short/],
    ['claims a negative integer length', bytes('\x8b', uint32(0xffffffff)), /bytes/],
    ['has a huge integer', bytes('\x8b', uint32(5000), Buffer.alloc(5000, 1), '.'), /integer of 5000 bytes/],
    ['has text for a number', bytes('Iabc\n.'), /malformed integer/],
    ['has text for a memo key', bytes(`I1\np${'x'.repeat(4000)}\n.`), /malformed memo key "x{100}\.\.\."$/],
    ['has a string without quotes', bytes('Sabc\n.'), /without quotes/],
    ['has a line without end', bytes('V', 'x'.repeat(100_000)), /line over/],
    ['has a negative size', bytes(pickledTensor({ shape: [-2, 3] }), '.'), /whole number from 0/],
    [
      'has a fraction for an offset',
      bytes('ctorch._utils\n_rebuild_tensor_v2\n(NK', 1, 'K', 1, 'K', 1, 'tR.'),
      /makes a tensor from None/,
    ],
  ])('%s', (_name, code, expected) => {
    expect(() => read(code)).toThrow(PickleError);
    expect(() => read(code)).toThrow(expected);
  });

  it('is stopped when it makes too many containers or values', () => {
    expect(() => read(bytes(Buffer.alloc(1_000_000, '}'), '.'))).toThrow(/lists and dictionaries/);
    expect(() => read(bytes(Buffer.alloc(5_000_000, 'N'), '.'))).toThrow(/values/);
    expect(() => read(bytes(Buffer.alloc(1_000_000, '('), '.'))).toThrow(/marks/);
  });

  it('may refer to itself', () => {
    const value = read(bytes(']q', 0, 'h', 0, 'a.')) as PickleValue[];
    expect(value[0]).toBe(value);
  });
});
