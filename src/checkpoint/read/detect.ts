/** @file Tells from a file's first bytes which layout it has, or in one sentence what it is instead of weights. */

import path from 'node:path';
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
  if (head.length === 0) {
    throw new CheckpointError(
      file.path,
      'the file is empty (0 bytes): its download or copy never began. Get it again.',
    );
  }
  if (head.subarray(0, 4).equals(Buffer.from('PK\x03\x04', 'latin1'))) return 'pth-zip';
  if (isLegacy(head)) return 'pth-legacy';
  if (isPickle(head)) return 'numpy-pickle';
  const sentence = describeForeign(file, head);
  if (sentence !== undefined) throw new CheckpointError(file.path, sentence);
  if (head.every((byte) => byte === 0)) {
    throw new CheckpointError(
      file.path,
      'the file begins with zeros only: a download that broke off. Get it again.',
    );
  }
  // Caffe's files bear no mark: one that is cut short is known by its ending only, and its reader says what is wrong.
  if (/\.caffemodel$/i.test(file.path)) return 'caffemodel';
  if (isSafetensors(head)) return 'safetensors';
  if (isCaffemodel(file)) return 'caffemodel';
  throw new CheckpointError(
    file.path,
    `the file holds no weights; it is no checkpoint in a known layout: it begins with ${head.subarray(0, 8).toString('hex')}. ${convertAdvice}`,
  );
}

function isSafetensors(head: Buffer): boolean {
  return head.length >= 9 && head[8] === 0x7b && head.readBigUInt64LE() < 2n ** 40n;
}

function describeForeign(file: FileReader, head: Buffer): string | undefined {
  return describeText(head) ?? describeShortPickle(head) ?? describeBinary(file, head);
}

function describeText(head: Buffer): string | undefined {
  const text = head
    .toString('latin1')
    .replace(/^\xef\xbb\xbf/, '')
    .trimStart();
  if (text.startsWith('version https://git-lfs.github.com/spec/')) {
    const size = /\nsize (\d+)/.exec(text)?.[1];
    const real = size === undefined ? '' : ` (of ${size} bytes)`;
    return `this is a git-lfs pointer, not the weights themselves${real}. Fetch them with git lfs pull, or download the file directly.`;
  }
  if (/^<(!doctype|html|head|body|\?xml|!--)/i.test(text)) {
    return 'this is a web page (HTML), not weights: the download link led to a page such as a login or an error. Open the link in a browser, or use the direct download address.';
  }
  if (/^(#[^\n]*\n\s*)*(name\s*:\s*"|(layers?|input_shape)\s*\{|input\s*:\s*")/.test(text)) {
    return 'this is the text of a Caffe network (prototxt), which describes layers and has no weights. Name the .caffemodel that belongs to it.';
  }
  if (/^[{[]\s*["{[\]}]/.test(text)) {
    return 'this is JSON text, not weights. Name the weights file, not its configuration or an error message saved under its name.';
  }
  return undefined;
}

/** 0x80 and a protocol number begin every pickle since protocol 2. */
function beginsPickle(head: Buffer): boolean {
  return head.length >= 2 && head[0] === 0x80 && head[1]! >= 2 && head[1]! <= 5;
}

/** A pickle of another kind than torch's, long enough to hold an array. */
function isPickle(head: Buffer): boolean {
  return beginsPickle(head) && head.length >= 16;
}

function describeShortPickle(head: Buffer): string | undefined {
  if (!beginsPickle(head)) return undefined;
  return `the file is cut short: it has ${head.length} bytes. Download or copy it again.`;
}

/** Beginnings of files that are taken for weights; offset, bytes (latin1), what it is. */
const signatures: ReadonlyArray<[number, string, string]> = [
  [0, '\x89HDF\r\n\x1a\n', 'this is an HDF5 file (Keras or TensorFlow weights)'],
  [0, '\x1f\x8b', 'this is a gzip archive; unpack it first'],
  [0, 'BZh', 'this is a bzip2 archive; unpack it first'],
  [0, '\xfd7zXZ\x00', 'this is an xz archive; unpack it first'],
  [0, '7z\xbc\xaf\x27\x1c', 'this is a 7z archive; unpack it first'],
  [0, '(\xb5/\xfd', 'this is a zstd archive; unpack it first'],
  [0, 'Rar!', 'this is a RAR archive; unpack it first'],
  [257, 'ustar', 'this is a tar archive; unpack it first'],
  [0, '\x93NUMPY', 'this is a NumPy array without names'],
  [0, 'GGUF', 'this is a GGUF model file'],
  [0, 'PK\x05\x06', 'this is a zip archive without any member'],
];

/** An ONNX model begins with its version (field 1, a number) and its producer or its graph (fields 2 and 7). */
function isOnnx(head: Buffer): boolean {
  return head[0] === 0x08 && head[1]! >= 3 && head[1]! < 0x20 && (head[2] === 0x12 || head[2] === 0x3a);
}

/** The last 8 bytes of the table that a TensorFlow checkpoint's .index file is. */
const tensorflowIndexEnd = Buffer.from('57fb808b247547db', 'hex');

function describeBinary(file: FileReader, head: Buffer): string | undefined {
  for (const [offset, bytes, meaning] of signatures) {
    const found = head.subarray(offset, offset + bytes.length);
    if (found.equals(Buffer.from(bytes, 'latin1'))) return `${meaning}. ${convertAdvice}`;
  }
  if (isOnnx(head)) {
    return 'this is an ONNX graph, not weights. Of one that lxmert export onnx wrote, name its folder, the one with lxmert.json, where exported models are taken; otherwise name the weights that it was made from.';
  }
  const name = path.basename(file.path);
  const isIndex = file.size >= 8 && file.read(file.size - 8, 8).equals(tensorflowIndexEnd);
  if (isIndex || /\.(data-\d+-of-\d+|ckpt|ckpt\.(index|meta))$/.test(name)) {
    return `this is part of a TensorFlow checkpoint. ${convertAdvice}`;
  }
  return undefined;
}
