/** Each layout: what it may hold, and what a damaged or hostile file of it is answered with. */
import { describe, expect, it } from 'vitest';
import { CheckpointError, CheckpointFile } from '../../src/checkpoint/index.js';
import { UsageError } from '../../src/common/errors.js';
import { scope } from '../../src/torch/index.js';
import {
  bytes,
  floats,
  legacyFile,
  type PickledTensorOptions,
  pickle,
  pickledDict,
  pickledTensor,
  pthFile,
  safetensorsFile,
  temporaryFolder,
  uint32,
  uint64,
  unicode,
  zipFile,
} from './bytes.js';

const folder = temporaryFolder();
const six = floats(1, 2, 3, 4, 5, 6);

async function open(content: Uint8Array | string, name = 'weights.pth'): Promise<CheckpointFile> {
  return CheckpointFile.open(await folder.write(name, content));
}

async function expectRefusal(
  content: Uint8Array | string,
  message: RegExp,
  name = 'weights.pth',
): Promise<void> {
  const opened = open(content, name);
  await expect(opened).rejects.toThrow(message);
  await expect(opened).rejects.toBeInstanceOf(CheckpointError);
  await expect(opened).rejects.toThrow(folder.path(name));
}

function valuesOf(checkpoint: CheckpointFile, name: string): number[] {
  return scope(() => [...checkpoint.tensor(name).toFloat32Array()]);
}

const legacyOf = (options: PickledTensorOptions, ...more: [string, PickledTensorOptions][]): Buffer =>
  legacyFile({
    object: pickle(
      pickledDict({
        a: pickledTensor({ isLegacy: true, ...options }),
        ...Object.fromEntries(more.map(([name, each]) => [name, pickledTensor({ isLegacy: true, ...each })])),
      }),
    ),
    storages: [['0', 6, six]],
  });

const zipOf = (options: PickledTensorOptions): Buffer =>
  pthFile(pickle(pickledDict({ a: pickledTensor(options) })), { '0': six });

describe.each([
  ['the older layout', legacyOf],
  ['the zip layout', zipOf],
] as const)('%s', (_name, make) => {
  it('reads whole, offset, strided and repeated views', async () => {
    expect(valuesOf(await open(make({})), 'a')).toEqual([1, 2, 3, 4, 5, 6]);
    expect(valuesOf(await open(make({ offset: 2, shape: [2], strides: [1] })), 'a')).toEqual([3, 4]);
    expect(valuesOf(await open(make({ shape: [3, 2], strides: [1, 3] })), 'a')).toEqual([1, 4, 2, 5, 3, 6]);
    expect(valuesOf(await open(make({ offset: 5, shape: [4], strides: [0] })), 'a')).toEqual([6, 6, 6, 6]);
    expect(valuesOf(await open(make({ offset: 3, shape: [], strides: [] })), 'a')).toEqual([4]);
    expect(valuesOf(await open(make({ shape: [0, 3], strides: [3, 1] })), 'a')).toEqual([]);
  });

  it.each<readonly [string, PickledTensorOptions, RegExp]>([
    ['ends outside its storage', { offset: 1 }, /tensor a needs 7 stored elements, and its storage has 6/],
    ['strides outside its storage', { strides: [4, 1] }, /needs 7 stored elements/],
    ['has fewer strides than sizes', { strides: [1] }, /2 sizes and 1 strides/],
    ['has an impossible shape', { shape: [2 ** 31 - 1, 2 ** 31 - 1], strides: [0, 0] }, /impossible shape/],
    [
      'repeats a few values to terabytes',
      { shape: [2 ** 30, 8], strides: [0, 0] },
      /repeats 6 stored elements/,
    ],
    ['has 65 dimensions', { shape: Array(65).fill(1), strides: Array(65).fill(1) }, /65 dimensions/],
    ['has more elements than its storage has bytes', { numStored: 7, shape: [7], strides: [1] }, /storage 0/],
    ['is of an unknown class', { storageClass: 'QInt8Storage' }, /asks for torch\.QInt8Storage/],
  ])('refuses a tensor that %s', async (_fault, options, message) => {
    await expectRefusal(make(options), message);
  });
});

describe('the older layout only', () => {
  it('reads views of a shared storage, as torch before 1.0 wrote them', async () => {
    const file = legacyOf({ shape: [2], strides: [1], view: ['v1', 1, 2] }, [
      'b',
      { shape: [2], strides: [1], view: ['v2', 4, 2] },
    ]);
    const checkpoint = await open(file);
    expect(valuesOf(checkpoint, 'a')).toEqual([2, 3]);
    expect(valuesOf(checkpoint, 'b')).toEqual([5, 6]);
  });

  it('refuses a tensor that looks past its view', async () => {
    await expectRefusal(legacyOf({ shape: [3], strides: [1], view: ['v', 1, 2] }), /its storage has 3/);
    await expectRefusal(legacyOf({ view: ['v', 5, 2] }), /beyond the end of storage 0/);
  });

  const object = pickle(pickledDict({ a: pickledTensor({ isLegacy: true }) }));
  it.each<readonly [string, Buffer, RegExp]>([
    [
      'whose values are cut short',
      legacyFile({ object, storages: [['0', 6, six.subarray(0, 20)]] }),
      /cut short/,
    ],
    [
      'whose count disagrees',
      legacyFile({ object, storages: [['0', 5, six]] }),
      /should have 6 elements and says 5/,
    ],
    ['whose count is negative', legacyFile({ object, storages: [['0', -1, six]] }), /says -1/],
    ['without the storage', legacyFile({ object, storages: [] }), /storage 0 is not among/],
    [
      'with an unused storage',
      legacyFile({
        object,
        storages: [
          ['0', 6, six],
          ['1', 6, six],
        ],
      }),
      /storage 1 is listed/,
    ],
    [
      'that lists a storage twice',
      legacyFile({
        object,
        storages: [
          ['0', 6, six],
          ['0', 6, six],
        ],
      }),
      /one twice/,
    ],
    [
      'of another version',
      legacyFile({ object, storages: [['0', 6, six]], protocol: 1002 }),
      /version is number 1002/,
    ],
    [
      'from a big-endian machine',
      legacyFile({
        object,
        storages: [['0', 6, six]],
        system: pickle(pickledDict({ little_endian: '\x89' })),
      }),
      /big-endian/,
    ],
    [
      'that describes one storage in two ways',
      legacyFile({
        object: pickle(
          pickledDict({
            a: pickledTensor({ isLegacy: true }),
            b: pickledTensor({ isLegacy: true, storageClass: 'LongStorage' }),
          }),
        ),
        storages: [['0', 6, six]],
      }),
      /storage 0 in two ways/,
    ],
    [
      'that runs code',
      legacyFile({ object: pickle('cos\nsystem\n', unicode('id'), '\x85R'), storages: [] }),
      /os\.system/,
    ],
  ])('refuses a file %s', async (_fault, file, message) => {
    await expectRefusal(file, message);
  });
});

describe('the zip layout only', () => {
  const object = pickle(pickledDict({ a: pickledTensor() }));
  const pkl = { name: 'archive/data.pkl', data: object };
  const data = { name: 'archive/data/0', data: six };

  it('reads tensors of untyped storages, the form for types without a storage class', async () => {
    const tensor = bytes(
      'ctorch._utils\n_rebuild_tensor_v3\n((',
      unicode('storage'),
      'ctorch.storage\nUntypedStorage\n',
      unicode('0'),
      unicode('cpu'),
      'K\x18tQK\x02K\x02\x85K\x01\x85\x89ccollections\nOrderedDict\n)Rctorch\nfloat32\n}tR',
    );
    expect(valuesOf(await open(pthFile(pickle(pickledDict({ a: tensor })), { '0': six })), 'a')).toEqual([
      3, 4,
    ]);
  });

  it('reads any byte but 0 of a boolean tensor as true', async () => {
    const tensor = pickledTensor({ storageClass: 'BoolStorage', numStored: 4, shape: [4], strides: [1] });
    const file = pthFile(pickle(pickledDict({ a: tensor })), { '0': Buffer.from([0, 1, 2, 255]) });
    const checkpoint = await open(file);
    expect(scope(() => [...checkpoint.tensor('a').data()])).toEqual([0, 1, 1, 1]);
  });

  it('reads a tensor without elements wherever it is said to begin', async () => {
    const empty = pickledTensor({ shape: [0, 3], offset: 1_000_000 });
    const checkpoint = await open(pthFile(pickle(pickledDict({ a: pickledTensor(), empty })), { '0': six }));
    expect(scope(() => checkpoint.tensor('empty').shape)).toEqual([0, 3]);
    expect(valuesOf(checkpoint, 'a')).toHaveLength(6);
  });

  it('accepts the byte order that newer torch notes, and a file without it', async () => {
    const order = { name: 'archive/byteorder', data: Buffer.from('little') };
    expect(valuesOf(await open(pthFile(object, { '0': six }, [order])), 'a')).toHaveLength(6);
  });

  it.each<readonly [string, Buffer, RegExp]>([
    ['without data.pkl', zipFile([data]), /should hold one data\.pkl and holds archive\/data\/0/],
    [
      'with two of them',
      zipFile([pkl, { ...pkl, name: 'other/data.pkl' }, data]),
      /should hold one data\.pkl/,
    ],
    [
      'that is a TorchScript program',
      zipFile([pkl, data, { name: 'archive/constants.pkl', data: object }]),
      /TorchScript/,
    ],
    ['without a storage', zipFile([pkl]), /no member archive\/data\/0/],
    [
      'with a storage too short',
      zipFile([pkl, { ...data, data: six.subarray(4) }]),
      /needs 24 bytes of storage 0/,
    ],
    ['with a compressed storage', zipFile([pkl, { ...data, method: 8 }]), /is compressed inside.*zip -0/],
    ['with an encrypted storage', zipFile([pkl, { ...data, flags: 1 }]), /damaged/],
    ['with one name twice', zipFile([pkl, data, data]), /lists archive\/data\/0 twice/],
    ['with a storage beyond its end', zipFile([pkl, { ...data, size: 1000 }]), /overflows file bounds/],
    ['with overlapping members', zipFile([pkl, { ...data, offset: 0 }]), /overlap/],
    ['with a member at no header', zipFile([pkl, { ...data, offset: 3 }]), /damaged/],
    ['with a damaged pickle', zipFile([{ ...pkl, crc: 1 }, data]), /checksum of archive\/data\.pkl/],
    [
      'with big-endian numbers',
      pthFile(object, { '0': six }, [{ name: 'archive/byteorder', data: Buffer.from('big') }]),
      /byte order "big"/,
    ],
    [
      'whose pickle runs code',
      pthFile(pickle('cos\nsystem\n', unicode('id'), '\x85R'), {}),
      /os\.system.*nothing was run/,
    ],
    [
      'whose ZIP64 directory lies at a made-up place',
      bytes(
        'PK\x03\x04',
        Buffer.alloc(60),
        'PK\x06\x07',
        uint32(0),
        uint64(2n ** 62n),
        uint32(1),
        'PK\x05\x06',
        Buffer.alloc(4, 0),
        Buffer.alloc(14, 0xff).fill(0, 12),
      ),
      /damaged/,
    ],
  ])('refuses an archive %s', async (_fault, file, message) => {
    await expectRefusal(file, message);
  });
});

describe('wrapped weights', () => {
  const tensor = pickledTensor();
  const read = async (object: Buffer): Promise<CheckpointFile> => open(pthFile(pickle(object), { '0': six }));

  it.each(['state_dict', 'model', 'anything'])('are found under %s', async (key) => {
    const checkpoint = await read(
      pickledDict({ epoch: 'K\x04', [key]: pickledDict({ a: tensor, note: 'N' }) }),
    );
    expect([checkpoint.parsed.wrapper, checkpoint.parsed.ignored]).toEqual([[key], ['note']]);
    expect(valuesOf(checkpoint, 'a')).toHaveLength(6);
  });

  it('are the model, not its moving average or the optimizer', async () => {
    const model = pickledDict({ a: tensor, b: tensor });
    const moments = pickledDict({ state: bytes('}(K\x00', pickledDict({ exp_avg: tensor }), 'u') });
    const checkpoint = await read(pickledDict({ optimizer: moments, ema: model, model }));
    expect(checkpoint.parsed.wrapper).toEqual(['model']);
  });

  it('may be wrapped in a dictionary that contains itself', async () => {
    const object = bytes(
      '}q\x05(',
      unicode('me'),
      'h\x05',
      unicode('model'),
      pickledDict({ a: tensor }),
      'u',
    );
    expect((await read(object)).parsed.wrapper).toEqual(['model']);
  });

  it.each<readonly [string, Buffer, RegExp]>([
    ['a list', bytes('](', tensor, 'e'), /holds a list, not a dictionary/],
    ['one tensor', tensor, /holds a tensor, not a dictionary/],
    ['an empty dictionary', bytes('}'), /no named tensors; its top level has no entries/],
    [
      'a dictionary of other things',
      pickledDict({ epoch: 'K\x04' }),
      /no named tensors; its top level has the string "epoch"/,
    ],
  ])('%s is refused', async (_what, object, message) => {
    await expectRefusal(pthFile(pickle(object), { '0': six }), message);
  });
});

describe('safetensors', () => {
  const entry = (begin: number, end: number, shape = '[2,3]', dtype = 'F32'): string =>
    `{"dtype":"${dtype}","shape":${shape},"data_offsets":[${begin},${end}]}`;

  it('reads tensors, metadata, and names noted as shared', async () => {
    const header = `{"__metadata__":{"format":"pt","tied":"a"},"a":${entry(0, 24)},"s":${entry(24, 28, '[]')}}   `;
    const checkpoint = await open(safetensorsFile(header, bytes(six, floats(7))), 'model.safetensors');
    expect(valuesOf(checkpoint, 'a')).toEqual([1, 2, 3, 4, 5, 6]);
    expect(valuesOf(checkpoint, 's')).toEqual([7]);
    expect(checkpoint.parsed.metadata.get('format')).toBe('pt');
    expect(checkpoint.entries.get('tied')?.storage).toBe(checkpoint.entries.get('a')?.storage);
  });

  it.each<readonly [string, Buffer, RegExp]>([
    ['with a header longer than the file', bytes(uint64(500), '{"a":1}'), /cut short/],
    ['with a header of a gigabyte', bytes(uint64(2 ** 30), '{"a":1}'), /claims 1073741824 bytes/],
    ['whose header is not JSON', safetensorsFile('{"a":', six), /not JSON/],
    [
      'whose values are cut short',
      safetensorsFile(`{"a":${entry(0, 24)}}`, six.subarray(0, 20)),
      /cut short/,
    ],
    [
      // Offsets as a full-size model has them, whose product is beyond 2^53.
      'that is the beginning of a large one',
      safetensorsFile(`{"a":${entry(953364480, 953364504)}}`, six),
      /cut short: at least \d+ bytes/,
    ],
    [
      'with a size that disagrees',
      safetensorsFile(`{"a":${entry(0, 20)}}`, six),
      /needs 24 bytes and has 20/,
    ],
    ['with offsets the wrong way round', safetensorsFile(`{"a":${entry(24, 0)}}`, six), /has -24/],
    ['with negative sizes', safetensorsFile(`{"a":${entry(0, 24, '[-2,-3]')}}`, six), /no valid shape/],
    [
      'with sizes beyond counting',
      safetensorsFile(`{"a":${entry(0, 24, '[4294967296,4294967296]')}}`, six),
      /impossible shape/,
    ],
    [
      'with an unknown type',
      safetensorsFile(`{"a":${entry(0, 24, '[24]', 'F8_E4M3')}}`, six),
      /element type "F8_E4M3"/,
    ],
    [
      'with overlapping tensors',
      safetensorsFile(`{"a":${entry(0, 16, '[4]')},"b":${entry(8, 24, '[4]')}}`, six),
      /tensor b overlaps/,
    ],
    ['with a gap', safetensorsFile(`{"a":${entry(4, 24, '[5]')}}`, six), /tensor a leaves a gap/],
    [
      'with bytes of no tensor',
      safetensorsFile(`{"a":${entry(0, 20, '[5]')}}`, six),
      /4 bytes after its last tensor/,
    ],
    [
      'with a name twice',
      safetensorsFile(`{"a":${entry(0, 24)},"a":${entry(0, 24)}}`, six),
      /names "a" twice/,
    ],
    [
      'with a disguised name twice',
      safetensorsFile(`{"a":${entry(0, 24)},"\\u0061":${entry(0, 24)}}`, six),
      /names "a" twice/,
    ],
    [
      'with a field twice',
      safetensorsFile('{"a":{"dtype":"I8","dtype":"U8","shape":[24],"data_offsets":[0,24]}}', six),
      /"dtype" twice/,
    ],
    [
      'with numbers for metadata',
      safetensorsFile('{"__metadata__":{"a":1}}', bytes('')),
      /__metadata__ entry a/,
    ],
    [
      'with a tensor that is no object',
      safetensorsFile('{"a":[1]}', bytes('')),
      /not described by a JSON object/,
    ],
  ])('refuses a file %s', async (_fault, file, message) => {
    await expectRefusal(file, message, 'model.safetensors');
  });
});

describe('what is not a checkpoint gets its own sentence', () => {
  it.each<readonly [string, string, Uint8Array | string, RegExp]>([
    ['an empty file', 'a.pth', '', /empty \(0 bytes\)/],
    ['a web page', 'a.pth', '\n <!DOCTYPE html><html>', /web page \(HTML\)/],
    ['an error in XML', 'a.pth', '<?xml version="1.0"?><Error>', /web page/],
    [
      'a git-lfs pointer',
      'a.pth',
      'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1006014811\n',
      /git-lfs pointer.*1006014811 bytes/,
    ],
    ['JSON', 'a.pth', '{\n "architectures": ["LxmertModel"]}', /JSON text/],
    [
      'a plain pickle',
      'a.pth',
      pickle(unicode('hello, world'), '\x85'),
      /Python pickle, but not one that torch\.save wrote/,
    ],
    ['the first bytes of a pickle', 'a.pth', bytes(0x80, 2, 0x8a), /cut short: it has 3 bytes/],
    ['HDF5', 'a.h5', '\x89HDF\r\n\x1a\n0000', /HDF5/],
    ['gzip', 'a.pth', '\x1f\x8b\x08\x00 and so on', /gzip/],
    ['an old tar', 'a.tar', bytes(Buffer.alloc(257, 0x61), 'ustar', Buffer.alloc(300)), /tar archive/],
    ['an empty zip', 'a.zip', bytes('PK\x05\x06', Buffer.alloc(18)), /zip archive without any member/],
    [
      'a TensorFlow index',
      'x',
      bytes('anything at all', Buffer.from('57fb808b247547db', 'hex')),
      /TensorFlow/,
    ],
    ['TensorFlow values', 'bert.ckpt.data-00000-of-00001', 'some raw floats', /TensorFlow/],
    [
      'an ONNX graph',
      'model.onnx',
      bytes(0x08, 0x09, 0x12, 0x06, 'lxmert'),
      /this is an ONNX graph, not weights/,
    ],
    ['zeros', 'a.pth', Buffer.alloc(5000), /zeros only/],
    ['another form of JSON', 'a.json', '["yes", "no"]', /JSON text, not weights: it holds an answer table/],
    [
      'a vocabulary',
      'vocab.txt',
      '[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nred\n##s\n',
      /no checkpoint in a known layout but a vocabulary of word pieces \(BERT vocab\.txt\)\. Name it with --vocab/,
    ],
    [
      'a table',
      'a.tsv',
      'a\tb\tc\n1\t2\t3\n',
      /known layout but text\. What it holds is told by: lxmert doctor --files \S+a\.tsv\. Name the weights file\.$/,
    ],
    [
      'a picture',
      'a.bin',
      '\xff\xd8\xff\xe0\0\x10JFIF\0',
      /known layout but a JPEG picture\. Name the weights file/,
    ],
    ['a page under a name of TensorFlow', 'bert.ckpt', '<html>', /web page \(HTML\)/],
    [
      'anything else',
      'a.pth',
      '\x01\x02\x03 and so on',
      /no checkpoint in a known layout: it begins with 010203/,
    ],
    ['words', 'a.pth', 'plain words', /no checkpoint in a known layout but /],
  ])('%s', async (_what, name, content, message) => {
    const data = typeof content === 'string' ? Buffer.from(content, 'latin1') : content;
    await expectRefusal(data, message, name);
  });

  it('a missing file and a folder are wrong use', async () => {
    await expect(CheckpointFile.open(folder.path('none.pth'))).rejects.toThrow(UsageError);
    await expect(CheckpointFile.open(folder.path('.'))).rejects.toThrow(
      /this is a folder; name the weights file/,
    );
  });
});

describe('what training keeps beside weights', () => {
  it.each<readonly [string, Buffer]>([
    [
      'settings of a command line',
      bytes('cargparse\nNamespace\n)\x81', pickledDict({ lr: 'G?PbM\xd2\xf1\xa9\xfc' }), 'b'),
    ],
    [
      'hyperparameters',
      bytes('clightning.fabric.utilities.data\nAttributeDict\n)\x81', '(', unicode('lr'), 'K\x01u'),
    ],
    ['a folder', bytes('cpathlib\nPosixPath\n(', unicode('runs'), 'tR')],
    [
      "a score as NumPy's number",
      bytes('cnumpy.core.multiarray\nscalar\n(cnumpy\ndtype\n(', unicode('f8'), '\x89\x88tR(K\x03NtbNtR'),
    ],
  ])('%s is no hindrance', async (_what, value) => {
    const object = pickle(pickledDict({ model: pickledDict({ 'a.weight': pickledTensor() }), args: value }));
    expect(valuesOf(await open(pthFile(object, { '0': six })), 'a.weight')).toHaveLength(6);
  });
});
