/** @file The built program on a machine without libtorch: what runs there, and what the rest says. */

import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { needing } from '../support/skips.js';

const folder = mkdtempSync(path.join(tmpdir(), 'cli-without-libtorch-'));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string): string => path.join(folder, name);

interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the program where there is no bridge. */
function lxmert(...words: string[]): Promise<Ended> {
  const env = { ...process.env, LXMERT_NATIVE: at('no-bridge.node') };
  return new Promise((resolve) => {
    execFile(process.execPath, ['dist/src/cli/main.js', ...words], { env }, (error, stdout, stderr) =>
      resolve({ exitCode: error === null ? 0 : Number(error.code ?? 1), stdout, stderr }),
    );
  });
}

needing('program').describe('without libtorch', () => {
  it.each(['serve', 'predict nlvr2', 'finetune vqa', 'quickstart', 'bench'])(
    'lxmert %s --help is printed',
    async (command) => {
      expect(await lxmert(...command.split(' '), '--help')).toMatchObject({ exitCode: 0, stderr: '' });
    },
  );

  it('lxmert sample draws a world', async () => {
    const { exitCode } = await lxmert('sample', at('world'), '--num-images', '20');
    expect(exitCode).toBe(0);
    expect(existsSync(at('world/vqa/train.json'))).toBe(true);
  });

  it.each([
    ['quickstart', '--output', at('quickstart')],
    ['bench', '--small'],
    ['extract', 'test/golden', '--detector', 'package.json', '--out', at('features')],
    ['checkpoint', 'info', 'package.json'],
    ['checkpoint', 'convert', 'package.json', at('other.pth')],
    [
      'finetune',
      'vqa',
      ...files('--train', '--valid', '--features', '--vocab', '--answers'),
      '--output',
      at('run'),
    ],
    ['pretrain', ...files('--train', '--valid', '--features', '--vocab'), '--output', at('run')],
    ['evaluate', 'vqa', 'package.json', ...files('--model', '--features')],
    ['answer', 'package.json', 'what?', '--model', 'package.json'],
    ['match', 'package.json', 'A cat.', '--model', 'package.json'],
    ['explain', 'package.json', 'what?', '--model', 'package.json'],
    ['serve', '--model', 'package.json'],
    ['predict', 'vqa', 'package.json', ...files('--model', '--features'), '--output', at('answers.json')],
  ])('lxmert %s says in one sentence how libtorch is set up', async (...words) => {
    const { exitCode, stdout, stderr } = await lxmert(...words);
    expect(stderr).toMatch(
      /^lxmert: The bridge to libtorch, which this needs, is not built .*setup[^\n]*\.\n$/,
    );
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(existsSync(at('quickstart'))).toBe(false);
  });
});

/** Each flag with a file that is there: what comes before a file is read is looked at. */
function files(...flags: string[]): string[] {
  return flags.flatMap((flag) => [flag, 'package.json']);
}
