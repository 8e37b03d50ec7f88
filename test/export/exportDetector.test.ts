import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UsageError } from '../../src/common/errors.js';
import { type ExportDetectorOptions, exportDetector } from '../../src/export/index.js';
import { sha256OfFile } from '../../src/formats/hashes/sha256.js';
import { detectorFieldsOf } from '../../src/runtime/index.js';
import { convertDetector } from '../../src/vision/detector/weights.js';
import { SMALL_FILES, writeSmallDetectors } from '../support/exportedDetectors.js';
import { SMALL_DETECTOR, writeSmallDetector } from '../support/tinyLxmert.js';

const folder = mkdtempSync(path.join(tmpdir(), 'lxmert-export-detector-'));
const at = (...names: string[]): string => path.join(folder, ...names);
beforeAll(() => writeSmallDetectors(folder));
afterAll(() => rmSync(folder, { recursive: true }));

const write = (out: string, options: Partial<ExportDetectorOptions> = {}) =>
  exportDetector({
    detector: at(SMALL_FILES.caffe),
    out: at(out),
    precision: 'float32',
    architecture: SMALL_DETECTOR,
    ...options,
  });

const names = (...lines: string[]): string => lines.join('\n');
const OBJECTS = names('dog', 'red truck,truck', 'sky', 'tree', 'wall');
const ATTRIBUTES = names('red', 'green', 'blue');

describe('exportDetector', () => {
  it('writes two graphs, names that lie beside the weights, and a manifest with every file', async () => {
    const detector = at('named', SMALL_FILES.caffe);
    mkdirSync(at('named'));
    copyFileSync(at(SMALL_FILES.caffe), detector);
    writeFileSync(at('named', 'objects_vocab.txt'), OBJECTS);
    writeFileSync(at('named', 'attributes_vocab.txt'), ATTRIBUTES);
    const { manifest } = await write('with-names', { detector });
    const fields = detectorFieldsOf(manifest, 'lxmert.json');
    expect(fields).toMatchObject({
      family: 'caffe',
      weightsSha256: await sha256OfFile(detector),
      numClasses: 6,
      numAttributes: 4,
      featureSize: 7,
      objects: 'objects_vocab.txt',
      attributes: 'attributes_vocab.txt',
    });
    expect(readFileSync(at('with-names', 'objects_vocab.txt'), 'utf8')).toBe(OBJECTS);
    const found = readdirSync(at('with-names'), { recursive: true, encoding: 'utf8' }).filter((name) =>
      path.basename(name).includes('.'),
    );
    expect(found.sort()).toEqual([...Object.keys(manifest.files), 'lxmert.json'].sort());
    for (const [name, { sha256, numBytes }] of Object.entries(manifest.files)) {
      expect(await sha256OfFile(at('with-names', name))).toBe(sha256);
      expect(readFileSync(at('with-names', name))).toHaveLength(numBytes);
    }
  });

  it('adds another precision of the same weights, in half the bytes, and refuses other weights', async () => {
    await write('both');
    const { manifest, backbone } = await write('both', { precision: 'float16' });
    expect(detectorFieldsOf(manifest, 'x').weights.map(({ precision }) => precision)).toEqual([
      'float32',
      'float16',
    ]);
    expect(existsSync(at('both', 'onnx', 'backbone.onnx'))).toBe(true);
    expect(backbone.path).toBe(at('both', 'onnx', 'backbone_fp16.onnx'));
    // A file converted from the same weights is the same detector.
    await convertDetector(at(SMALL_FILES.caffe), at('converted.safetensors'), {
      architecture: SMALL_DETECTOR,
    });
    await write('both', { detector: at('converted.safetensors') });
    writeSmallDetector(at('other.caffemodel'), 8);
    await expect(write('both', { detector: at('other.caffemodel') })).rejects.toThrow(
      /export of another detector's weights. Name another folder/,
    );
  });

  it('leaves nothing behind when it fails', async () => {
    const controller = new AbortController();
    const progress = {
      update: (done: number) => (done > 0 ? controller.abort(new Error('stopped')) : undefined),
    };
    await expect(write('stopped', { signal: controller.signal, progress })).rejects.toThrow('stopped');
    expect(existsSync(at('stopped'))).toBe(false);
  });

  it('refuses names of another detector and files that no export wrote', async () => {
    writeFileSync(at('short.txt'), names('one', 'two'));
    await expect(write('none', { objectNames: at('short.txt') })).rejects.toThrow(/should have 5 lines/);
    expect(existsSync(at('none'))).toBe(false);
    mkdirSync(at('taken', 'onnx'), { recursive: true });
    writeFileSync(at('taken', 'onnx', 'backbone.onnx'), 'mine');
    await expect(write('taken')).rejects.toThrow(UsageError);
    expect(readFileSync(at('taken', 'onnx', 'backbone.onnx'), 'utf8')).toBe('mine');
  });
});
