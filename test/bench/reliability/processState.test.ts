import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { processState } from '../../../bench/reliability/processState.js';

it('tells a process that computes from one that waits, and both from one that is gone', async () => {
  const busy = spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' });
  const idle = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 1e6)'], { stdio: 'ignore' });
  const state = (child: typeof busy) => processState(child.pid as number);
  while ((state(busy)?.processor ?? 0) < 0.3 || (state(idle)?.isBusy ?? true)) await sleep(20);
  const looks = [];
  for (let i = 0; i < 20; i++) {
    looks.push([state(busy)?.isBusy, state(idle)?.isBusy]);
    await sleep(5);
  }
  expect(looks.every(([isBusy]) => isBusy)).toBe(true);
  expect(looks.filter(([, isBusy]) => isBusy).length).toBeLessThan(5);
  for (const child of [busy, idle]) {
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
    expect(state(child)).toBeUndefined();
  }
});
