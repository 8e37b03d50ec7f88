/** @file Small whole files of every kind that the program reads, made by the program itself where it can. */

import { copyFileSync, cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import sharp, { type Sharp } from 'sharp';
import { saveCheckpoint } from '../../../src/checkpoint/index.js';
import { kebabCase } from '../../../src/common/kebabCase.js';
import { Random } from '../../../src/common/random.js';
import { type FeatureRow, writeObj36 } from '../../../src/features/files.js';
import { bytesField, concatenate, varintField } from '../../../src/formats/protobuf/writer.js';
import { lxmertConfig, questionAnsweringModel } from '../../../src/model/index.js';
import { manualSeed } from '../../../src/torch/index.js';
import { makeArchives, makeZip } from './archiveReaders.js';
import { checkoutFile, type Kit } from './kit.js';

const FEATURE_SIZE = 2048;

/** Makes them in `kit.whole`. */
export async function makeWholeFiles(kit: Kit): Promise<void> {
  const at = (...parts: string[]): string => path.join(kit.whole, ...parts);
  mkdirSync(kit.whole, { recursive: true });
  await makeCheckpoints(at);
  await makeFeatures(kit, at);
  copyArrayFiles(at);
  await makeArchives(at('archives'), readFileSync(at('features/few_obj36.tsv')));
  makeOfficialFiles(at);
  await makePictures(at);
  await makeRun(kit, at);
}

type At = (...parts: string[]) => string;

async function succeed(kit: Kit, ...words: string[]): Promise<void> {
  if ((await kit.run(...words)) !== 'accepted') throw new Error(`lxmert ${words.join(' ')} was refused.`);
}

async function makeCheckpoints(at: At): Promise<void> {
  const config = lxmertConfig({
    vocabSize: 12,
    hiddenSize: 8,
    numAttentionHeads: 2,
    intermediateSize: 8,
    numLanguageLayers: 1,
    numVisionLayers: 1,
    numCrossLayers: 1,
    maxPositionEmbeddings: 8,
    visualFeatureSize: 8,
  });
  manualSeed(1);
  using model = questionAnsweringModel(config, 3);
  mkdirSync(at('checkpoints'));
  const parameters = model.namedParameters();
  await saveCheckpoint(at('checkpoints/model.pth'), parameters, 'reference-finetuned');
  await saveCheckpoint(at('checkpoints/model.safetensors'), parameters, 'huggingface');
  for (const name of ['dtypes_legacy.pth', 'dtypes_zip.pth'])
    copyFileSync(checkoutFile('test/golden', name), at('checkpoints', name));
  for (const name of ['numpy-2.pkl', 'numpy-4.pkl', 'numpy-python2.pkl'])
    copyFileSync(checkoutFile('test/checkpoint/fixtures', name), at('checkpoints', name));
  writeFileSync(at('checkpoints/net.caffemodel'), caffeModel());
}

/** Three layers; BlobProto's shape is field 7 and its data field 5. */
function caffeModel(): Uint8Array {
  const blob = (...shape: number[]): Uint8Array => {
    const size = shape.reduce((product, side) => product * side, 1);
    const sides = concatenate(...shape.map((side) => varintField(1, side)));
    const data = new Uint8Array(Float32Array.from({ length: size }, (_, i) => i / 7).buffer);
    return concatenate(bytesField(7, sides), bytesField(5, data));
  };
  const layer = (name: string, type: string, ...blobs: Uint8Array[]): Uint8Array => {
    const fields = blobs.map((each) => bytesField(7, each));
    return bytesField(100, concatenate(bytesField(1, name), bytesField(2, type), ...fields));
  };
  return concatenate(
    bytesField(1, 'a net'),
    layer('conv1', 'Convolution', blob(4, 3, 7, 7)),
    layer('bn_conv1', 'BatchNorm', blob(4), blob(4), blob(1)),
    layer('cls_score', 'InnerProduct', blob(6, 7), blob(6)),
  );
}

function* rows(numImages: number, seed: number): Generator<FeatureRow> {
  const random = new Random(seed);
  for (let i = 0; i < numImages; i++) {
    const numBoxes = 1 + (i % 2);
    yield {
      imageId: `image_${i}`,
      height: 100,
      width: 120,
      numBoxes,
      boxes: Float32Array.from({ length: numBoxes * 4 }, (_, k) => (k % 4 < 2 ? 3 + k : 60 + k)),
      features: Float32Array.from({ length: numBoxes * FEATURE_SIZE }, () => 5 * random.uniform()),
      objectsId: BigInt64Array.from({ length: numBoxes }, () => 7n),
      objectsConf: new Float32Array(numBoxes).fill(0.5),
      attrsId: BigInt64Array.from({ length: numBoxes }, () => 9n),
      attrsConf: new Float32Array(numBoxes).fill(0.25),
    };
  }
}

async function makeFeatures(kit: Kit, at: At): Promise<void> {
  mkdirSync(at('features'));
  const tsv = at('features/few_obj36.tsv');
  await writeObj36(tsv, rows(3, 1));
  writeFileSync(
    at('features/unix_obj36.tsv'),
    readFileSync(tsv).toString('latin1').replaceAll('\r\n', '\n'),
    'latin1',
  );
  const provenance = ['--detector', 'a', '--setting', 'boxes=36'];
  await succeed(kit, 'features', 'convert', tsv, at('features/store'), ...provenance);
  await succeed(kit, 'features', 'convert', at('features/store'), at('features/back_obj36.tsv'));
  await makeZip(at('features/few_obj36.zip'), new Map([['few_obj36.tsv', readFileSync(tsv)]]));
}

/** What h5py, LMDB, NumPy, torch and pyarrow wrote for the tests of these formats. */
function copyArrayFiles(at: At): void {
  const [features, formats] = ['test/features', 'test/formats'];
  const unpack = (from: string, folder: string, name: string): void => {
    mkdirSync(at(folder), { recursive: true });
    writeFileSync(at(folder, name), gunzipSync(readFileSync(checkoutFile(from))));
  };
  cpSync(checkoutFile(features, 'hdf5'), at('hdf5'), { recursive: true });
  cpSync(checkoutFile(formats, 'parquet/tables'), at('parquet'), { recursive: true });
  for (const name of ['earliest', 'latest'])
    unpack(`${formats}/hdf5/kinds_${name}.h5.gz`, 'hdf5-kinds', `kinds_${name}.h5`);
  for (const codec of ['lz4', 'zstd'])
    cpSync(checkoutFile(formats, `packed/fixtures/mixed.${codec}`), at(`packed/mixed.${codec}`));
  const fixtures = `${features}/sources/fixtures`;
  for (const entry of readdirSync(checkoutFile(fixtures), { withFileTypes: true })) {
    const { name } = entry;
    if (entry.isDirectory()) cpSync(checkoutFile(fixtures, name), at('arrays', name), { recursive: true });
    if (name.endsWith('.mdb.gz'))
      unpack(`${fixtures}/${name}`, `lmdb/${path.basename(name, '.mdb.gz')}`, 'data.mdb');
  }
}

function makeOfficialFiles(at: At): void {
  const write = (name: string, content: unknown): void => {
    mkdirSync(path.dirname(at(name)), { recursive: true });
    writeFileSync(at(name), typeof content === 'string' ? content : JSON.stringify(content));
  };
  const ids = [1, 2, 3];
  const ten = (i: number): unknown[] =>
    Array.from({ length: 10 }, (_, k) => ({
      answer: k < 6 ? 'yes' : `no ${i}`,
      answer_confidence: 'yes',
      answer_id: k + 1,
    }));
  write('vqa/v2_OpenEnded_mscoco_val2014_questions.json', {
    info: { year: 2017 },
    questions: ids.map((id) => ({ question_id: id, image_id: id, question: `Is it ${id}?` })),
  });
  write('vqa/v2_mscoco_val2014_annotations.json', {
    annotations: ids.map((id) => ({
      ...{ question_id: id, image_id: id, question_type: 'is it', answer_type: 'yes/no' },
      ...{ multiple_choice_answer: 'yes', answers: ten(id) },
    })),
  });
  write(
    'vqa/predictions.json',
    ids.map((id) => ({ question_id: id, answer: 'yes' })),
  );
  const gqa = (id: number): unknown => ({
    ...{ imageId: String(id), question: 'Which color?', answer: 'red', isBalanced: true },
    types: { structural: 'query', semantic: 'attr', detailed: 'chooseAttr' },
    ...{ groups: { global: 'color', local: 'c' }, entailed: ['02'], equivalent: ['01'], fullAnswer: 'Red.' },
    semantic: [{ operation: 'select', dependencies: [], argument: 'x (1)' }],
  });
  write('gqa/val_balanced_questions.json', { '01': gqa(1), '02': gqa(2), '03': gqa(3) });
  write(
    'gqa/predictions.json',
    ['01', '02', '03'].map((id) => ({ questionId: id, prediction: 'red' })),
  );
  write('gqa/val_choices.json', { '01': { valid: ['red'], plausible: ['red', 'blue'] } });
  const nlvr2 = ids.map((i) => ({
    ...{ identifier: `dev-1-${i}-0`, sentence: 'Two dogs.', label: i % 2 ? 'True' : 'False', synset: 'dog' },
    ...{ query: 'dogs', writer: 1, left_url: '', right_url: '' },
  }));
  write('nlvr2/dev.json', nlvr2.map((each) => `${JSON.stringify(each)}\n`).join(''));
  write('nlvr2/predictions.csv', 'dev-1-1-0,True\ndev-1-2-0,False\ndev-1-3-0,True\n');
  const vizwiz = ids.map((id) => ({
    ...{ image: `VizWiz_val_0000000${id}.jpg`, question: 'What is this?', answers: ten(id) },
    ...{ answer_type: 'other', answerable: 1 },
  }));
  write('vizwiz/val.json', vizwiz);
  write(
    'vizwiz/predictions.json',
    vizwiz.map(({ image }) => ({ image, answer: 'yes', answerable: 0.9 })),
  );
  write('captions/coco.json', {
    images: ids.map((id) => ({ id, file_name: `${id}.jpg` })),
    annotations: ids.map((id) => ({ id, image_id: id, caption: 'A dog.' })),
  });
  write('captions/karpathy.json', {
    images: ids.map((id) => ({
      filename: `${id}.jpg`,
      split: 'test',
      sentences: [{ raw: 'A dog.', tokens: ['a'] }],
    })),
  });
  write('custom/lines.jsonl', ids.map((i) => `{"image":"${i}","text":"A dog.","label":"yes"}\n`).join(''));
  write('custom/weighted.jsonl', '{"image":"1","text":"A dog.","labels":{"yes":1,"no":0.3},"id":"a"}\n');
  write('custom/pairs.jsonl', '{"images":["1","2"],"text":"Two dogs.","label":"no"}\n');
  write(
    'custom/boxes.jsonl',
    '{"image":"1","boxes":[[1,2,30,40],[5,6.5,70,80]]}\n{"image":2,"boxes":[[0,0,9,9]]}\n',
  );
  write('tables/objects_vocab.txt', Array.from({ length: 1600 }, (_, i) => `thing ${i},it`).join('\n'));
  write('tables/all_ans.json', [{ ans: 'yes', dsets: ['vqa'] }, { ans: 'no' }]);
}

async function makePictures(at: At): Promise<void> {
  mkdirSync(at('pictures'));
  const noise = { type: 'gaussian', mean: 99, sigma: 40 } as const;
  const create = { width: 45, height: 33, channels: 3, background: '#839', noise } as const;
  const picture = (): Sharp => sharp({ create });
  await picture()
    .jpeg()
    .withExif({ IFD0: { Copyright: 'x' } })
    .toFile(at('pictures/plain.jpg'));
  await picture().jpeg({ progressive: true }).toFile(at('pictures/progressive.jpg'));
  await picture().toColourspace('cmyk').jpeg().toFile(at('pictures/cmyk.jpg'));
  await picture().png().toFile(at('pictures/plain.png'));
  await picture().png({ palette: true, progressive: true }).toFile(at('pictures/palette.png'));
  await picture().ensureAlpha(0.5).toColourspace('rgb16').png().toFile(at('pictures/deep.png'));
  await picture().webp().toFile(at('pictures/lossy.webp'));
  await picture().webp({ lossless: true }).toFile(at('pictures/lossless.webp'));
  await picture().gif().toFile(at('pictures/plain.gif'));
  await picture().tiff({ compression: 'lzw' }).toFile(at('pictures/lzw.tiff'));
  await picture().tiff({ compression: 'jpeg', tile: true }).toFile(at('pictures/tiles.tiff'));
}

/** A world, a run of two steps on it with snapshots, its predictions, and the files that go with them. */
async function makeRun(kit: Kit, at: At): Promise<void> {
  await succeed(
    kit,
    'sample',
    at('world'),
    '--num-images',
    '20',
    '--num-boxes',
    '6',
    '--questions-per-image',
    '1',
  );
  for (const split of ['train', 'minival']) {
    const tsv = at(`world/features/${split}_obj36.tsv`);
    await succeed(kit, 'features', 'convert', tsv, at('world/features', `${split}-store`));
  }
  await succeed(kit, ...runWords(kit, at('run')));
  const { output, ...rest } = { output: 'run', ...JSON.parse(readFileSync(at('run/config.json'), 'utf8')) };
  writeFileSync(at('config.json'), JSON.stringify(configuration(rest.options, output)));
  writeFileSync(at('config.toml'), tomlOf(configuration(rest.options, output)));
  cpSync(at('run/vocab.txt'), at('tables/vocab.txt'));
  for (const name of ['trainval_label2ans.json', 'trainval_ans2label.json'])
    cpSync(at('run', name), at('tables', name));
}

/** Trains, or goes on with a run that is complete. */
export function runWords(kit: Kit, output: string): string[] {
  const at = (...parts: string[]): string => path.join(kit.whole, 'world', ...parts);
  return [
    ...'finetune vqa --hidden-size 8 --attention-heads 2 --language-layers 1 --vision-layers 0'.split(' '),
    ...'--cross-layers 1 --epochs 1 --batch-size 8 --keep-snapshots 1 --resume'.split(' '),
    ...['--train', at('vqa/train.json'), '--valid', at('vqa/minival.json'), '--vocab', at('vocab.txt')],
    ...['--features', at('features/train-store'), '--features', at('features/minival-store')],
    ...['--answers', at('vqa/trainval_label2ans.json'), '--output', output],
  ];
}

/** Options of a run by the names of their flags, as a file of settings has them. */
function configuration(options: Record<string, unknown>, output: string): Record<string, unknown> {
  const kept = Object.entries(options).filter(([, value]) => value !== null && value !== undefined);
  return { ...Object.fromEntries(kept.map(([key, value]) => [kebabCase(key), value])), output };
}

function tomlOf(values: Record<string, unknown>): string {
  return Object.entries(values)
    .map(([key, value]) => `${key} = ${JSON.stringify(value)}\n`)
    .join('');
}
