/**
 * A share of what `node dist/bench/faults.js` does that needs neither root nor minutes; how trainings end is tested in
 * test/cli/endings.test.ts.
 */
import { spawn } from 'node:child_process';
import { expect, it } from 'vitest';
import { needing } from '../../support/skips.js';

async function drive(...words: string[]): Promise<{ status: unknown; said: string }> {
  const driver = spawn(process.execPath, ['dist/bench/faults.js', ...words], { stdio: 'pipe' });
  let said = '';
  for (const stream of [driver.stdout, driver.stderr])
    stream.on('data', (text) => {
      said += String(text);
    });
  return { status: await new Promise((resolve) => driver.once('close', resolve)), said };
}

const faults = ['file-size limit', '64 file descriptors', 'closed stdout', 'SIGTERM twice'];
const flags = faults.flatMap((fault) => ['--fault', fault]);

needing('program').describe('faults', () => {
  it('of the system end commands in time with a sentence, and they go on afterwards', async () => {
    const commands = ['features convert', 'prepare vqa'];
    const { status, said } = await drive(...commands.flatMap((name) => ['--command', name]), ...flags);
    expect(status, said).toBe(0);
    for (const name of commands)
      expect(said).toMatch(new RegExp(`\\| ${name} \\|( \\d+ \\|| SIGTERM \\|){4}`));
  }, 600_000);

  it('that it does not know are refused', async () => {
    expect((await drive('--fault', 'earthquake')).status).toBe(2);
  });
});
