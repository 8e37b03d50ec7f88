/** @file The program of a thread that describes pictures from their pixels, one after the other. */

import { parentPort, workerData } from 'node:worker_threads';
import { LxmertError } from '../common/errors.js';
import { describeFromPixels, type PixelJob, type PixelReply, type PixelSettings } from './pixelRegions.js';

const settings = workerData as PixelSettings;

parentPort?.on('message', ({ id, image, boxes }: PixelJob) => {
  try {
    const regions = describeFromPixels(image, settings, boxes);
    const arrays = [regions.features, regions.boxes, regions.objectsId, regions.attrsId];
    parentPort?.postMessage(
      { id, regions } satisfies PixelReply,
      arrays.map(({ buffer }) => buffer as ArrayBuffer),
    );
  } catch (error) {
    if (!(error instanceof LxmertError)) throw error;
    parentPort?.postMessage({ id, problem: error.message } satisfies PixelReply);
  }
});
