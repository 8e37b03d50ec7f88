/** @file Tells from a file's first bytes which layout it has, or in one sentence what it is instead of weights. */

import path from 'node:path';
import { type ContentKindName, contentKindOf } from '../../formats/contentKind.js';
import { recogniseForm, shellWord } from '../../formats/forms/index.js';
import { CheckpointError } from '../checkpointError.js';
import { isCaffemodel } from './caffemodel.js';
import type { FileReader } from './fileReader.js';
import { isLegacy } from './legacy.js';
import type { CheckpointFormat } from './parsed.js';

const convertAdvice =
  'Expected .pth (both of torch layouts), .bin, .safetensors, .caffemodel or a .pkl of NumPy arrays; load it with its own program and save its weights as one of these.';

/** The layout of a file. @throws CheckpointError that says what the file is when it is no checkpoint. */
export function detectFormat(file: FileReader): CheckpointFormat {
  const head = file.head(1024);
  if (head.subarray(0, 4).equals(Buffer.from('PK\x03\x04', 'latin1'))) return 'pth-zip';
  if (isLegacy(head)) return 'pth-legacy';
  if (isPickle(head)) return 'numpy-pickle';
  const { kind, name } = contentKindOf(head);
  const sentence = describeForeign(file, head, kind);
  if (sentence !== undefined) throw new CheckpointError(file.path, sentence);
  // Caffe's files bear no mark: one that is cut short is known by its ending only, and its reader says what is wrong.
  if (/\.caffemodel$/i.test(file.path)) return 'caffemodel';
  if (isSafetensors(head)) return 'safetensors';
  if (isCaffemodel(file)) return 'caffemodel';
  const what = kind === 'text' ? describeText(file.path) : describeOther(head, kind, name);
  throw new CheckpointError(
    file.path,
    `the file holds no weights; it is no checkpoint in a known layout${what}`,
  );
}

function isSafetensors(head: Buffer): boolean {
  return head.length >= 9 && head[8] === 0x7b && head.readBigUInt64LE() < 2n ** 40n;
}

/** Whole sentences about kinds that are taken for weights or stand in their place; undefined for any other. */
function describeForeign(file: FileReader, head: Buffer, kind: ContentKindName): string | undefined {
  const known = TAKEN_FOR_WEIGHTS[kind];
  if (known !== undefined) return `${known}. ${convertAdvice}`;
  if (kind === 'gitLfs') {
    const size = /\nsize (\d+)/.exec(head.toString('latin1'))?.[1];
    const real = size === undefined ? '' : ` (of ${size} bytes)`;
    return `this is a git-lfs pointer, not the weights themselves${real}. Fetch them with git lfs pull, or download the file directly.`;
  }
  if (kind === 'jsonArray' || kind === 'jsonObject') {
    const form = recogniseForm(file.path);
    return form === undefined
      ? 'this is JSON text, not weights. Name the weights file, not its configuration or an error message saved under its name.'
      : `this is JSON text, not weights: it holds ${form.title}. ${form.wayOn}`;
  }
  if (kind === 'pickle' && beginsPickle(head))
    return `the file is cut short: it has ${head.length} bytes. Download or copy it again.`;
  const sentence = WHOLE_SENTENCES[kind];
  if (sentence !== undefined) return sentence;
  if (isOfTensorflow(file)) return `this is part of a TensorFlow checkpoint. ${convertAdvice}`;
  return kind === 'zeros'
    ? 'the file begins with zeros only: a download that broke off. Get it again.'
    : undefined;
}

/** Kinds that other programs keep weights or archives in. */
const TAKEN_FOR_WEIGHTS: Partial<Record<ContentKindName, string>> = {
  hdf5: 'this is an HDF5 file (Keras or TensorFlow weights)',
  gzip: 'this is a gzip archive; unpack it first',
  bzip2: 'this is a bzip2 archive; unpack it first',
  xz: 'this is an xz archive; unpack it first',
  sevenZip: 'this is a 7z archive; unpack it first',
  zstd: 'this is a zstd archive; unpack it first',
  rar: 'this is a RAR archive; unpack it first',
  tar: 'this is a tar archive; unpack it first',
  npy: 'this is a NumPy array without names',
  gguf: 'this is a GGUF model file',
  emptyZip: 'this is a zip archive without any member',
};

const WHOLE_SENTENCES: Partial<Record<ContentKindName, string>> = {
  empty: 'the file is empty (0 bytes): its download or copy never began. Get it again.',
  html: 'this is a web page (HTML), not weights: the download link led to a page such as a login or an error. Open the link in a browser, or use the direct download address.',
  prototxt:
    'this is the text of a Caffe network (prototxt), which describes layers and has no weights. Name the .caffemodel that belongs to it.',
  onnx: 'this is an ONNX graph, not weights. Of one that lxmert export onnx wrote, name its folder, the one with lxmert.json, where exported models are taken; otherwise name the weights that it was made from.',
};

/** What a text is, and the command that takes it. */
function describeText(file: string): string {
  const form = recogniseForm(file);
  if (form !== undefined) return ` but ${form.title}. ${form.wayOn}`;
  return ` but text. What it holds is told by: lxmert doctor --files ${shellWord(file)}. Name the weights file.`;
}

function describeOther(head: Buffer, kind: ContentKindName, name: string): string {
  if (kind === 'caffemodel')
    return ', though it begins as a .caffemodel does: it is damaged or cut short. Download or copy it again.';
  if (kind === 'binary') return `: it begins with ${head.subarray(0, 8).toString('hex')}. ${convertAdvice}`;
  return ` but ${name}. ${kind === 'pickle' ? convertAdvice : 'Name the weights file.'}`;
}

/** 0x80 and a protocol number begin every pickle since protocol 2. */
function beginsPickle(head: Buffer): boolean {
  return head.length >= 2 && head[0] === 0x80 && head[1]! >= 2 && head[1]! <= 5;
}

/** A pickle of another kind than torch's, long enough to hold an array. */
function isPickle(head: Buffer): boolean {
  return beginsPickle(head) && head.length >= 16;
}

/** The last 8 bytes of the table that a TensorFlow checkpoint's .index file is. */
const tensorflowIndexEnd = Buffer.from('57fb808b247547db', 'hex');

function isOfTensorflow(file: FileReader): boolean {
  const isIndex = file.size >= 8 && file.read(file.size - 8, 8).equals(tensorflowIndexEnd);
  return isIndex || /\.(data-\d+-of-\d+|ckpt|ckpt\.(index|meta))$/.test(path.basename(file.path));
}
