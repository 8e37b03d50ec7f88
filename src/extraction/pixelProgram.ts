/** @file The program of a thread that reads pictures and describes them from their pixels. */

import { parentPort, workerData } from 'node:worker_threads';
import { describePicture } from './loadPictures.js';
import { describeFromPixels, type PixelJob, type PixelReply, type PixelSettings } from './pixelRegions.js';

const settings = workerData as PixelSettings;

// While one picture is described, those that wait are decoded in threads of the decoder.
parentPort?.on('message', async ({ id, image, boxes }: PixelJob) => {
  const described = await describePicture(
    image,
    (decoded, given) => describeFromPixels(decoded, settings, given),
    boxes,
  );
  const arrays = 'regions' in described ? [described.regions.features] : [];
  parentPort?.postMessage(
    { id, described } satisfies PixelReply,
    arrays.map(({ buffer }) => buffer as ArrayBuffer),
  );
});
