/** @file A worker that ends at the first job of its process's first worker, and at every job whose first byte is 0. */

import { existsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parentPort } from 'node:worker_threads';

const mark = path.join(tmpdir(), `dying-worker-${process.pid}`);
parentPort.on('message', ({ id, job }) => {
  if (job.pictures[0][0] === 0) process.exit(1);
  if (!existsSync(mark)) {
    writeFileSync(mark, '');
    throw new Error('The first one dies.');
  }
  parentPort.postMessage({
    kind: 'result',
    id,
    result: [{ row: { imageId: 'survived' }, regions: [] }],
    numTensors: 0,
  });
});
parentPort.postMessage({ kind: 'ready', facts: [{ warnings: [] }] });
