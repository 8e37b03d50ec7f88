/** @file What shells complete, asked of the shells themselves. */

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lxmert } from '../support/commandLine.js';
import { needing } from '../support/skips.js';

const folder = mkdtempSync(path.join(tmpdir(), 'completion-'));
afterAll(() => rmSync(folder, { recursive: true }));
beforeAll(() => {
  mkdirSync(path.join(folder, 'a folder'));
  writeFileSync(path.join(folder, 'a file.json'), '{}');
});

const scripts: Record<string, string> = {};

/** The script for a shell, with `more` behind it, run in a folder with one folder and one file; what it printed, by line. */
async function ran(
  shell: 'bash' | 'zsh' | 'fish',
  flags: readonly string[],
  more: string,
  before = '',
): Promise<string[]> {
  const script = path.join(folder, `.${shell}`);
  scripts[shell] ??= (await lxmert('completion', shell)).stdout;
  writeFileSync(script, `${before}${scripts[shell]}${more}`);
  const { stdout, stderr, error } = spawnSync(shell, [...flags, script], { cwd: folder, encoding: 'utf8' });
  expect(error).toBeUndefined();
  expect(stderr).toBe('');
  return stdout.split('\n').filter((line) => line !== '');
}

describe('bash', () => {
  const completed = (...words: string[]) =>
    ran(
      'bash',
      ['--norc'],
      `COMP_WORDS=(lxmert ${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length}; _lxmert; printf '%s\\n' "\${COMPREPLY[@]}"`,
    );

  it.each([
    [['an'], ['answer']],
    [
      ['features', ''],
      ['convert', 'info', 'verify'],
    ],
    [['features', 'convert', '--dt'], ['--dtype']],
    [
      ['features', 'convert', '--dtype', ''],
      ['float16', 'float32'],
    ],
    [['features', 'convert', '--dtype', '=', 'float3'], ['float32']],
    // A flag of another command is none of this one.
    [['features', 'info', '--dt'], []],
    [['completion', 'f'], ['fish']],
    [['evaluate', 'vqa', '--images', 'x', '--no-su'], []],
    [['finetune', 'vqa', '--no-cuda'], ['--no-cuda-graphs']],
    [
      ['answer', '--picture', 'a '],
      ['a folder', 'a file.json'],
    ],
    [
      ['finetune', 'vqa', '--output', 'a f'],
      ['a folder', 'a file.json'],
    ],
    [['report', 'run', '--images', 'a'], ['a folder']],
    [['answer', '--top', ''], []],
    [['answer', '--js'], ['--json']],
  ])('%j', async (words, expected) => {
    expect((await completed(...words)).toSorted()).toEqual(expected.toSorted());
  });
});

needing('fish').describe('fish', () => {
  it.each([
    ['lxmert an', ['answer']],
    ['lxmert features ', ['convert', 'info', 'verify']],
    ['lxmert features convert --dt', ['--dtype']],
    ['lxmert features convert --dtype ', ['float16', 'float32']],
    ['lxmert completion f', ['fish']],
    ['lxmert report run --images a', ['a folder/']],
  ])('%s', async (line, expected) => {
    const lines = await ran('fish', ['--no-config'], `complete -C '${line}'`);
    expect(lines.map((each) => each.split('\t')[0]?.replaceAll('\\', '')).toSorted()).toEqual(expected);
  });
});

// Its completion works at a prompt alone; here its functions tell what they are called with.
needing('zsh').describe('zsh', () => {
  const stubs = `
_arguments() { print -rl -- "$@"; }
_describe() { print -rl -- "\${(@P)4}"; }
compdef() { : }
`;
  it.each([
    [['features', ''], /^convert:Convert region features/m],
    [['an'], /^answer:Answer a question about a picture$/m],
    [
      ['features', 'convert', ''],
      /^--dtype=\[How feature values are stored\]:float16\|float32:\(float16 float32\)$/m,
    ],
    [['report', ''], /^--images=\[.*\]:FOLDER:_files -\/$/m],
    [['completion', ''], /^1:shell:\(bash zsh fish\)$/m],
  ])('%j', async (words, expected) => {
    const asked = `words=(lxmert ${words.map((word) => `'${word}'`).join(' ')}); CURRENT=${words.length + 1}; _lxmert`;
    const lines = await ran('zsh', ['-f'], asked, stubs);
    expect(lines.join('\n')).toMatch(expected);
  });
});
