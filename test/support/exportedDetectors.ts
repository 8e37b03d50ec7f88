/** @file Small detectors of both families of rules, exported, and the plainest engine and folder for tests of them. */

import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as node from 'onnxruntime-node';
import * as web from 'onnxruntime-web';
import type { Engine, EngineTensor } from '../../src/runtime/engine.js';
import type { ExportedFolder } from '../../src/runtime/exportedFolder.js';
import type { Platform } from '../../src/runtime/platform.js';
import { decodeImage } from '../../src/vision/decodeImage.js';
import { huggingFaceFile, randomPort } from './detectorFiles.js';
import { SMALL_DETECTOR, writeSmallDetector } from './tinyLxmert.js';

/** By the rules that they follow. */
export const SMALL_FILES = { caffe: 'small.caffemodel', detectron2: 'small.bin' } as const;

/** Writes the files of {@link SMALL_FILES}; their architecture is `SMALL_DETECTOR`. */
export function writeSmallDetectors(folder: string): void {
  writeSmallDetector(path.join(folder, SMALL_FILES.caffe));
  const port = randomPort(SMALL_DETECTOR, 4);
  for (const [name, { values }] of port) {
    // Trained layers move boxes a little; at random they would move every box out of the picture.
    if (!/(anchor_deltas|bbox_pred)\./.test(name)) continue;
    const size = name.endsWith('.bias') ? 0.2 : 0;
    for (let i = 0; i < values.length; i++) values[i] = size * ((values[i] as number) - 1);
  }
  writeFileSync(path.join(folder, SMALL_FILES.detectron2), huggingFaceFile(port));
}

/** Reads without any check. */
export function plainFolder(folder: string): ExportedFolder {
  const at = (name: string): string => path.join(folder, name);
  return {
    name: folder,
    read: async (name) => (existsSync(at(name)) ? readFileSync(at(name)) : undefined),
    readLarge: async (name, { numBytes }, { asPath, onBytes }) => {
      onBytes?.(numBytes);
      return asPath ? at(name) : new Uint8Array(readFileSync(at(name)));
    },
  };
}

export const ENGINES = {
  'onnxruntime-node': plainEngine('onnxruntime-node', node),
  'onnxruntime-web': plainEngine('onnxruntime-web', web as unknown as typeof node),
} as const;

function plainEngine(name: string, ort: typeof node): Engine {
  return {
    info: { name, version: '1', device: 'cpu', numThreads: 1, reason: 'It is a test.' },
    readsPaths: name === 'onnxruntime-node',
    async createSession({ model }) {
      const session = await ort.InferenceSession.create(model as Uint8Array);
      return {
        inputNames: session.inputNames,
        outputNames: session.outputNames,
        async run(feeds, outputs) {
          const tensors = Object.entries(feeds).map(([key, { type, data, dims }]) => [
            key,
            new ort.Tensor(type, data as Float32Array, dims),
          ]);
          const found = await session.run(Object.fromEntries(tensors), outputs);
          return found as unknown as Record<string, EngineTensor>;
        },
        dispose: () => session.release(),
      };
    },
  };
}

/** Node.js with the plainest of everything. */
export const plainPlatform: Platform = {
  name: 'node',
  openFolder: async (source) => plainFolder(source),
  createEngine: async () => ENGINES['onnxruntime-node'],
  decode: (bytes, options) => decodeImage(bytes, options),
  readPicture: async (file) => readFileSync(file),
  sha256: async (bytes) => createHash('sha256').update(bytes).digest('hex'),
};
