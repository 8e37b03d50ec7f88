/** @file Runs around every test: a tensor left alive fails the test that made it, and no hub is asked for what is misspelt. */

import { existsSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import { addonPath } from '../src/torch/native.js';

// What is printed depends on tests alone.
process.env.TERM = 'xterm';
delete process.env.NO_COLOR;
delete process.env.FORCE_COLOR;
process.env.HF_HUB_OFFLINE = '1';
process.env.HF_HOME = path.join(import.meta.dirname, 'no-such-cache');

// Tests of rooms without tensors must run where the bridge is not built.
if (existsSync(addonPath())) {
  const { liveTensors } = await import('../src/torch/liveTensors.js');
  let before = 0;
  beforeEach(() => {
    before = liveTensors();
  });
  afterEach(() => {
    // A file whose tensors are made in beforeAll keeps them across its tests: only growth is a leak.
    expect(liveTensors(), 'tensors left alive by this test').toBe(before);
  });
}
