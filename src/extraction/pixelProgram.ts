/** @file The program of a thread that reads pictures and describes them from their pixels. */

import { parentPort, workerData } from 'node:worker_threads';
import { describePicture } from './loadPictures.js';
import { describeFromPixels, type PixelJob, type PixelReply, type PixelSettings } from './pixelRegions.js';

const settings = workerData as PixelSettings;

/** Pictures in work: while one is described, the decoder's threads have others. Each takes as much memory as it has pixels. */
const NUM_IN_WORK = 3;

const waiting: PixelJob[] = [];
let numInWork = 0;

parentPort?.on('message', async (job: PixelJob) => {
  waiting.push(job);
  if (numInWork === NUM_IN_WORK) return;
  numInWork++;
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await reply(next);
  numInWork--;
});

async function reply({ id, image, boxes }: PixelJob): Promise<void> {
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
}
