/** A share of what `node dist/bench/faults.js` does that needs neither root nor minutes. */
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
  it.each(['finetune', 'features convert', 'predict', 'prepare vqa'])(
    'of the system end %s in time with a sentence, and it goes on afterwards',
    async (command) => {
      const { status, said } = await drive('--command', command, ...flags);
      expect(status, said).toBe(0);
      expect(said).toMatch(new RegExp(`\\| ${command} \\|( \\d+ \\|| SIGTERM \\|){4}`));
    },
    600_000,
  );

  it('that it does not know are refused', async () => {
    expect((await drive('--fault', 'earthquake')).status).toBe(2);
  });
});
