/** @file The commands that a page says run as they stand do run. */

import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { addonPath } from '../../src/torch/native.js';

const program = path.resolve('dist/src/cli/main.js');
const folder = mkdtempSync(path.join(tmpdir(), 'docs-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Splits as a shell does, as far as these commands need it: spaces, and double quotes. */
function words(command: string): string[] {
  return [...command.matchAll(/"([^"]*)"|(\S+)/g)].map((match) => match[1] ?? match[2] ?? '');
}

describe.skipIf(!existsSync(program) || !existsSync(addonPath()))('docs/vqa.md, on the sample world', () => {
  const page = readFileSync('docs/vqa.md', 'utf8');
  const block = /run as they stand[\s\S]*?```sh\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
  const commands = block.trim().split('\n');

  it('names the way from nothing to an answer', () => {
    expect(commands.length).toBeGreaterThan(6);
    expect(commands.every((command) => command.startsWith('npx lxmert '))).toBe(true);
  });

  it.each(commands)('%s', (command) => {
    const printed = execFileSync(process.execPath, [program, ...words(command).slice(2)], {
      cwd: folder,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    expect(printed.trim()).not.toBe('');
  });

  it('leaves a run that holds what the page says', () => {
    for (const [, file] of page.matchAll(/^\| `([^`]+)`(?:, `[^`]+`)? \| [^|]+\|$/gm)) {
      if (file?.startsWith('-')) continue;
      // A star stands for what differs from run to run.
      const [start = '', ...rest] = file!.replace(/\/$/, '').split('*');
      const isThere = (name: string): boolean => (rest.length > 0 ? name.startsWith(start) : name === start);
      expect(readdirSync(path.join(folder, 'runs/first')).some(isThere), file).toBe(true);
    }
    const predictions = JSON.parse(readFileSync(path.join(folder, 'predictions.json'), 'utf8')) as object[];
    expect(Object.keys(predictions[0]!)).toEqual(['answer', 'question_id']);
  });
});
