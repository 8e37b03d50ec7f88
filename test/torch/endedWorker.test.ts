/** @file A worker thread that is ended in the middle of its work ends alone: its process goes on. */

import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { needing } from '../support/skips.js';

const moduleAt = (name: string): string => pathToFileURL(path.resolve('dist/src/torch', name)).href;

/** Computes until it is ended. */
const worker = `
import { parentPort } from 'node:worker_threads';
(async () => {
  const { scope } = await import(${JSON.stringify(moduleAt('index.js'))});
  const ops = await import(${JSON.stringify(moduleAt('operators/index.js'))});
  parentPort.postMessage('begun');
  for (;;) scope(() => { let x = ops.randn([64, 64]); for (let i = 0; i < 200; i++) x = ops.tanh(ops.matmul(x, x)); });
})();`;

const program = `
import { Worker } from 'node:worker_threads';
for (let i = 0; i < 8; i++) {
  const worker = new Worker(new URL('data:text/javascript,' + encodeURIComponent(${JSON.stringify(worker)})));
  await new Promise((resolve) => worker.once('message', resolve));
  await new Promise((resolve) => setTimeout(resolve, 3 * i));
  await worker.terminate();
}
console.log('alive');`;

needing('program').describe('a worker that is ended while it computes', () => {
  it('does not take its process along', () => {
    const { stdout, stderr, status } = spawnSync(
      process.execPath,
      ['--input-type=module', '--eval', program],
      { encoding: 'utf8', env: { ...process.env, OMP_NUM_THREADS: '1' } },
    );
    expect([status, stdout, stderr]).toEqual([0, 'alive\n', '']);
  });
});
