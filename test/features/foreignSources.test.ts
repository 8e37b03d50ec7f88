/** @file Files of other kinds given to `features convert`: each is called by its name, with the way on, and stays where it is. */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeZip } from '../formats/zipFile.js';
import { lxmert } from '../support/commandLine.js';
import { temporaryFolder } from './support.js';

const folder = temporaryFolder();
const latin1 = (text: string) => Buffer.from(text, 'latin1');
const zip = (...names: string[]) => makeZip(names.map((name) => ({ name, data: latin1('x') })));
const tar = Buffer.concat([Buffer.alloc(257), latin1('ustar\x0000'), Buffer.alloc(300)]);

/** Beginnings as their formats have them, under a name that says something else. */
const files: readonly [string, Buffer, ...string[]][] = [
  ['is damaged or cut short', tar, 'Fetch or copy the archive again'],
  ['a 7z archive', latin1('7z\xbc\xaf\x27\x1c\x00\x04'), 'Unpack it first (7z x'],
  ['a RAR archive', latin1('Rar!\x1a\x07\x01\x00'), 'Unpack it first (unrar x'],
  ['a bzip2 archive', latin1('BZh91AY&SY'), 'bunzip2 --keep'],
  ['a NumPy array (.npy)', latin1('\x93NUMPY\x01\x00'), '_info before its ending'],
  ['a Parquet table', latin1('PAR1\x15\x04'), 'short Python script'],
  ['cannot be read as an Arrow table', latin1('ARROW1\x00\x00'), 'its end is missing'],
  ['an SQLite database', latin1('SQLite format 3\x00\x10'), 'short Python script'],
  ['a Python pickle', latin1('\x80\x04\x95\x00\x00'), 'short Python script'],
  ['a MATLAB file (.mat)', latin1('MATLAB 5.0 MAT-file, Platform: GLNXA64'), 'short Python script'],
  [
    'a MATLAB file (.mat, version 7.3)',
    latin1('MATLAB 7.3 MAT-file, Platform: GLNXA64'),
    'short Python script',
  ],
  [
    "TensorFlow's records (TFRecord)",
    latin1('\x00\x00\x00\x00\x00\x00\x00\x00\x29\x03\x98\x07\xd8\xea\x82\xa2'),
    'short Python script',
  ],
  ['weights of a Caffe network (.caffemodel)', latin1('\x0a\x03net\xa2\x06\x10'), 'lxmert checkpoint info'],
  ['an ONNX model', latin1('\x08\x08\x12\x07pytorch\x1a\x05'), 'lxmert checkpoint info'],
  ['a JPEG picture', latin1('\xff\xd8\xff\xe0\x00\x10JFIF'), 'lxmert extract'],
  ['JSON text (a list)', latin1('[{"question_id": 1}]'), 'docs/reference/feature-formats.md'],
  ['empty (0 bytes)', Buffer.alloc(0), 'Fetch or copy it again'],
  ['holds no TSV file', zip('features/1.npz', 'features/2.npz'), 'NumPy files', 'unzip -d'],
  ['its arrays: it holds no boxes', makeZip([{ name: 'weight.npy', data: latin1('x') }]), 'it holds weight'],
  ['is damaged', zip('archive/data.pkl'), 'the pickled part of this file'],
  [
    'cannot be read as an LMDB database',
    latin1(`${'\x00'.repeat(16)}\xde\xc0\xef\xbe`),
    'ends inside its first page',
  ],
];

describe('a file of another kind', () => {
  it.each(files.map(([name, bytes, ...ways], i) => ({ name, bytes, ways, i })))(
    '$name',
    async ({ name, bytes, ways, i }) => {
      const place = path.join(folder, String(i));
      mkdirSync(place);
      const file = path.join(place, 'train36.tsv');
      writeFileSync(file, bytes);
      const { stderr, exitCode } = await lxmert('features', 'convert', file, path.join(place, 'store'));
      expect(exitCode).toBeGreaterThan(0);
      for (const words of [name, ...ways]) expect(stderr).toContain(words);
      expect(stderr).toContain(file);
      expect(stderr).not.toMatch(/delete/i);
      expect(readFileSync(file)).toEqual(bytes);
      expect(existsSync(path.join(place, 'store'))).toBe(false);
    },
  );
});
