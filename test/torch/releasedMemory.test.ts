/** @file Memory of freed tensors that is given back, in a thread that is not the first: what lies at the end of its arena too. */

import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { needing } from '../support/skips.js';

const moduleAt = (name: string): string => pathToFileURL(path.resolve('dist/src/torch', name)).href;

/** Kilobytes of the process's own before, and after 30 MB of tensors were freed and given back. */
const worker = `
import { readFileSync } from 'node:fs';
(async () => {
  const { releaseFreeMemory, scope } = await import(${JSON.stringify(moduleAt('index.js'))});
  const ops = await import(${JSON.stringify(moduleAt('operators/index.js'))});
  const own = () => Number(/RssAnon:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]);
  scope(() => ops.ones([10]));
  releaseFreeMemory();
  const before = own();
  let held = 0;
  scope(() => { for (let i = 0; i < 30; i++) ops.ones([250_000]); held = own(); });
  releaseFreeMemory();
  console.log(JSON.stringify([held - before, own() - before]));
})();`;

const program = `
import { Worker } from 'node:worker_threads';
new Worker(new URL('data:text/javascript,' + encodeURIComponent(${JSON.stringify(worker)})));`;

needing('program').describe('memory of tensors that were freed', () => {
  it('goes back to the system, from a worker thread too', () => {
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
      encoding: 'utf8',
      env: { ...process.env, OMP_NUM_THREADS: '1' },
    });
    expect(stderr).toBe('');
    const [held = 0, left = Number.NaN] = JSON.parse(stdout) as number[];
    expect(held).toBeGreaterThan(25_000);
    expect(left).toBeLessThan(5000);
  });
});
