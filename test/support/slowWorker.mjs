/** @file A worker that is at each picture for as many tenths of a second as its first byte says, and hears nothing meanwhile. */

import { parentPort } from 'node:worker_threads';

parentPort.on('message', ({ id, job }) => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100 * job.pictures[0][0]);
  parentPort.postMessage({
    kind: 'result',
    id,
    result: [{ row: { imageId: 'seen' }, regions: [] }],
    numTensors: 0,
  });
});
parentPort.postMessage({ kind: 'ready', facts: [{ name: 'slow', warnings: [], seesPictures: true }] });
