/** @file The commands that a page says run as they stand do run. */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { needing } from '../support/skips.js';

const program = path.resolve('dist/src/cli/main.js');
/** Splits as a shell does, as far as these commands need it: spaces, and double quotes. */
function words(command: string): string[] {
  return [...command.matchAll(/"([^"]*)"|(\S+)/g)].map((match) => match[1] ?? match[2] ?? '');
}

/** What a command gets besides, so that it takes seconds here. */
const SHORTER: Readonly<Record<string, string>> = {
  'npx lxmert quickstart': ' --num-images 40 --num-epochs 1',
};

/** A page, the run whose files it lists, and how many commands it takes at least. */
const PAGES = [
  { name: 'first-steps/quickstart.md', run: 'quickstart/run', numCommands: 5, predictions: undefined },
  { name: 'first-steps/vqa.md', run: 'runs/first', numCommands: 7, predictions: 'predictions.json' },
  { name: 'how-to/pretraining.md', run: 'runs/pretrain', numCommands: 6, predictions: undefined },
] as const;

needing('program').describe.each(PAGES)('docs/$name, on the sample world', (entry) => {
  const page = readFileSync(path.join('docs', entry.name), 'utf8');
  const folder = mkdtempSync(path.join(tmpdir(), 'docs-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const block = /run as they stand[\s\S]*?```sh\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
  const commands = block.trim().split('\n');

  it('names the way from nothing to an answer', () => {
    expect(commands.length).toBeGreaterThanOrEqual(entry.numCommands);
    expect(commands.every((command) => command.startsWith('npx lxmert '))).toBe(true);
  });

  it.each(commands)('%s', (command) => {
    const printed = execFileSync(
      process.execPath,
      [program, ...words(command + (SHORTER[command] ?? '')).slice(2)],
      {
        cwd: folder,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    expect(printed.trim()).not.toBe('');
  });

  it('leaves a run that holds what the page says', () => {
    for (const [, file] of page.matchAll(/^\| `([^`]+)`(?:, `[^`]+`)? \| [^|]+\|$/gm)) {
      if (file?.startsWith('-')) continue;
      // A star stands for what differs from run to run.
      const [start = '', ...rest] = file!.replace(/\/$/, '').split('*');
      const isThere = (name: string): boolean => (rest.length > 0 ? name.startsWith(start) : name === start);
      expect(readdirSync(path.join(folder, entry.run)).some(isThere), file).toBe(true);
    }
    if (entry.predictions === undefined) return;
    const predictions = JSON.parse(readFileSync(path.join(folder, entry.predictions), 'utf8')) as object[];
    expect(Object.keys(predictions[0]!)).toEqual(['answer', 'question_id']);
  });
});
