/**
 * A small share of what `node dist/bench/killedRuns.js` does: kill -9 at a moment of the run and at a bad one. Extraction,
 * whose detector takes its time, is killed with a smaller one in test/extraction/processes.test.ts.
 */
import { spawn } from 'node:child_process';
import { expect, it } from 'vitest';
import { needing } from '../../support/skips.js';

needing('program').describe('kill -9', () => {
  it.each(['finetune', 'pretrain', 'features convert'])(
    'of %s, resumed, leaves the bytes of a run that was not disturbed',
    async (command) => {
      const words = ['dist/bench/killedRuns.js', '--kills', '2', '--size', 'small', '--seed', '7'];
      const driver = spawn(process.execPath, [...words, '--command', command], { stdio: 'pipe' });
      let said = '';
      for (const stream of [driver.stdout, driver.stderr])
        stream.on('data', (text) => (said += String(text)));
      const status = await new Promise((resolve) => driver.once('close', resolve));
      expect(status, said).toBe(0);
      expect(said).toContain(`${command} | 2 | 1 | 1 (1) | 2 of 2 |`);
    },
    180_000,
  );
});
