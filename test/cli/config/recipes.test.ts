/** @file The recipes of configs/ are configuration files of their commands, with the published settings. */

import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { parse } from 'smol-toml';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { catalogue } from '../../../src/cli/catalogue.js';
import { parametersOf } from '../../../src/cli/options.js';
import { runCommandLine } from '../../../src/cli/program.js';
import { lxmert, textOf } from '../../support/commandLine.js';

/** From the scripts and the README of the published code. */
const published = {
  vqa: { 'batch-size': 32, 'learning-rate': 5e-5, epochs: 4 },
  gqa: { 'batch-size': 32, 'learning-rate': 1e-5, epochs: 4 },
  nlvr2: { 'batch-size': 32, 'learning-rate': 5e-5, epochs: 4 },
  pretrain: {
    ...{ 'batch-size': 256, 'learning-rate': 1e-4, epochs: 20, 'warmup-ratio': 0.05, 'clip-norm': 1 },
    ...{ 'language-layers': 9, 'cross-layers': 5, 'vision-layers': 5 },
    ...{ 'word-mask-rate': 0.15, 'object-mask-rate': 0.15 },
  },
};
const ofFinetuning = { 'warmup-ratio': 0.1, 'clip-norm': 5 };
const ofAll = { dropout: 0.1, 'max-length': 20, seed: 9595 };
const settingsOf = (task: keyof typeof published) => ({
  ...(task === 'pretrain' ? {} : ofFinetuning),
  ...ofAll,
  ...published[task],
});
const commandOf = (task: string): string => (task === 'pretrain' ? task : `finetune ${task}`);
const tasks = Object.keys(published) as (keyof typeof published)[];

const folder = mkdtempSync(path.join(os.tmpdir(), 'lxmert-recipes-'));
cpSync('configs', path.join(folder, 'configs'), { recursive: true });
afterAll(() => rmSync(folder, { recursive: true }));

function recipeOf(task: string): Record<string, unknown> {
  return parse(readFileSync(`configs/${task}.toml`, 'utf8'));
}

/** Makes every file that a recipe names, output aside, so that only its words are judged. */
function makeFiles(values: unknown[]): void {
  for (const value of values.flat()) {
    if (typeof value !== 'string') continue;
    const file = path.join(folder, 'configs', value);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, '');
  }
}

describe('a recipe of the package', () => {
  const elsewhere = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'lxmert-elsewhere-')));
  const project = process.cwd();
  afterEach(() => process.chdir(project));
  afterAll(() => rmSync(elsewhere, { recursive: true }));
  const printed = async (config: string) =>
    await lxmert('finetune', 'nlvr2', '--config', config, '--print-config', '--json');

  it('is read as if it lay in the folder where the command runs', async () => {
    const { output: _, ...inputs } = recipeOf('nlvr2');
    process.chdir(elsewhere);
    for (const value of Object.values(inputs).flat()) {
      if (typeof value !== 'string') continue;
      const file = path.join('configs', value);
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, '');
    }
    const { exitCode, stdout, stderr } = await printed('configs/nlvr2.toml');
    expect(exitCode, stderr).toBe(0);
    const settings = JSON.parse(stdout) as Record<string, unknown>;
    expect(settings).toMatchObject(settingsOf('nlvr2'));
    expect(settings.output).toBe(path.join(elsewhere, 'runs/nlvr2'));
  });

  it('gives way to a file of that name, and is found by no other', async () => {
    process.chdir(elsewhere);
    for (const name of ['configs/other.toml', 'configs/../package.json', 'nlvr2.toml'])
      expect((await printed(name)).stderr).toContain(`there is no file '${name}'`);
    mkdirSync('configs');
    writeFileSync('configs/nlvr2.toml', '');
    expect((await printed('configs/nlvr2.toml')).stderr).toContain("'train' in 'configs/nlvr2.toml'");
  });
});

describe('configs/small.toml', () => {
  it('is known by its name anywhere, names no files, and is overruled by flags', async () => {
    expect(Object.values(recipeOf('small')).filter((value) => typeof value === 'string')).toEqual([]);
    makeFiles(['../own.jsonl', '../own-vocab.txt']);
    const own = path.join(folder, 'own.jsonl');
    const files = ['--train', own, '--valid', own, '--features', folder];
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    const streams = { stdout, stderr } as unknown as Record<'stdout' | 'stderr', NodeJS.WriteStream>;
    const words = ['finetune', 'custom', '--config', 'small', ...files, '--epochs', '9'];
    const vocab = ['--vocab', path.join(folder, 'own-vocab.txt'), '--output', path.join(folder, 'run')];
    const printing = ['--print-config', '--json'];
    const exitCode = await runCommandLine([...words, ...vocab, ...printing], {
      ...streams,
      entries: catalogue,
    });
    expect(exitCode, textOf(stderr)).toBe(0);
    expect(JSON.parse(textOf(stdout))).toMatchObject({ ...recipeOf('small'), epochs: 9 });
  });
});

describe.each(tasks)('configs/%s.toml', (task) => {
  it('has the published settings', () => {
    expect(recipeOf(task)).toMatchObject(settingsOf(task));
  });

  it('keeps to the layout: paths lead from configs/ into the project', () => {
    const texts = Object.values(recipeOf(task))
      .flat()
      .filter((value) => typeof value === 'string');
    for (const text of texts) expect(text).toMatch(/^\.\.\/[^.]/);
  });

  const entry = catalogue.find((each) => each.name === commandOf(task));

  it('names flags of its command, or of finetune vqa as long as it has none', async () => {
    const judge = entry ?? catalogue.find((each) => each.name === 'finetune vqa')!;
    const names = parametersOf((await judge.load()).command.options).map(({ name }) => name);
    for (const key of Object.keys(recipeOf(task))) expect(names).toContain(key);
  });

  it('is accepted by its command', async () => {
    const { output: _, ...inputs } = recipeOf(task);
    makeFiles(Object.values(inputs));
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    const streams = { stdout, stderr } as unknown as Record<'stdout' | 'stderr', NodeJS.WriteStream>;
    const file = path.join(folder, 'configs', `${task}.toml`);
    const words = [...commandOf(task).split(' '), '--config', file, '--print-config', '--json'];
    const exitCode = await runCommandLine(words, { ...streams, entries: catalogue });
    expect(exitCode, textOf(stderr)).toBe(0);
    const printed = JSON.parse(textOf(stdout)) as Record<string, unknown>;
    expect(printed).toMatchObject(settingsOf(task));
    const parameters = parametersOf((await entry!.load()).command.options);
    for (const { name } of parameters.filter((each) => each.isRequired))
      expect(recipeOf(task)).toHaveProperty(name);
    expect(printed.output).toBe(path.join(folder, 'runs', task));
  });
});
