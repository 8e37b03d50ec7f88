/**
 * @file Runs once before all tests: unpacks what test/published keeps compressed and builds the practice device, so that
 * no test waits for a compiler.
 */

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { addonPath } from '../src/torch/native.js';
import { unpackPublished } from './support/published.js';

export default function setup(): void {
  unpackPublished();
  // Tests of rooms without tensors must run where the bridge is not built.
  if (!existsSync(addonPath())) return;
  const script = fileURLToPath(new URL('native/build.mjs', import.meta.url));
  const { status } = spawnSync(process.execPath, [script, '--native', path.dirname(addonPath())], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (status !== 0) throw new Error('The practice device could not be built; its messages are above.');
}
