/** A small share of what `node dist/bench/interruptedRuns.js` does: each ending once, at a moment that is drawn. */
import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { needing } from '../../support/skips.js';

needing('program').describe('a training whose output, terminal or reader goes', () => {
  it('has a snapshot and its last weights, and ends with the bytes of one that nobody disturbed', () => {
    const words = ['dist/bench/interruptedRuns.js', '--times', '1', '--command', 'finetune', '--seed', '5'];
    const { status, stdout, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' });
    expect(status, stdout + stderr).toBe(0);
    for (const ending of ['Ctrl-C under tee', 'SIGHUP', 'closed reader'])
      expect(stdout).toContain(`| finetune | ${ending} | 1 | 1 of 1 | 1 of 1 |`);
  }, 180_000);
});
