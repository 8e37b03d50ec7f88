/** @file The VQA commands as a user meets them: refusals and their exit codes, JSON, features of another detector. */

import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { lxmert } from '../support/commandLine.js';
import { needing } from '../support/skips.js';

const folder = mkdtempSync(path.join(tmpdir(), 'vqa-cli-'));
const at = (...parts: string[]): string => path.join(folder, ...parts);
afterAll(() => rmSync(folder, { recursive: true }));

const finetune = (output: string, ...more: string[]) =>
  lxmert(
    ...'finetune vqa --hidden-size 16 --attention-heads 2 --language-layers 1 --vision-layers 1'.split(' '),
    ...'--cross-layers 1 --epochs 1 --batch-size 16 --learning-rate 1e-3'.split(' '),
    ...['--train', at('world/vqa/train.json'), '--valid', at('world/vqa/minival.json')],
    ...['--answers', at('world/vqa/trainval_label2ans.json'), '--vocab', at('world/vocab.txt')],
    ...['--output', at(output), ...more],
  );

needing('bridge').describe('the VQA commands', () => {
  beforeAll(async () => {
    await lxmert('sample', at('world'), '--num-images', '24', '--num-boxes', '6', '--seed', '2');
    for (const [split, name, detector] of [
      ['train', 'train', 'a'],
      ['minival', 'minival', 'a'],
      ['minival', 'other', 'b'],
    ] as const) {
      const made = await lxmert(
        ...['features', 'convert', at(`world/features/${split}_obj36.tsv`), at(name), '--detector', detector],
      );
      expect(made.exitCode, made.stderr).toBe(0);
    }
    const run = await finetune('run', '--features', at('train'), '--features', at('minival'));
    expect(run.exitCode, run.stderr).toBe(0);
    expect(run.stderr).toMatch(/^libtorch \d/);
  });

  it('leave a run folder that says everything and is not overwritten', async () => {
    const config = JSON.parse(readFileSync(at('run/config.json'), 'utf8')) as Record<string, unknown>;
    expect(config).toMatchObject({
      task: 'vqa',
      model: { hiddenSize: 16 },
      settings: { seed: 9595, numEpochs: 1 },
    });
    for (const file of ['BEST.pth', 'LAST.pth', 'log.log', 'metrics.jsonl', 'vocab.txt']) {
      if (file === 'BEST.pth' && !existsSync(at('run', file))) continue;
      expect(existsSync(at('run', file)), file).toBe(true);
    }
    const again = await finetune('run', '--features', at('train'), '--features', at('minival'));
    expect([again.exitCode, again.stderr]).toEqual([2, expect.stringContaining('is not empty')]);
  });

  it('refuse features of several detectors in one run, unless told', async () => {
    const mixed = ['--features', at('train'), '--features', at('other')];
    const refused = await finetune('mixed', ...mixed);
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toContain('detector "a", here it is "b"');
    expect(refused.stderr).toContain('pass --allow-other-features');
    expect(existsSync(at('mixed'))).toBe(false);
    expect((await finetune('mixed', ...mixed, '--allow-other-features')).exitCode).toBe(0);
  });

  it('refuse to evaluate on features of another detector than the run was trained on', async () => {
    const evaluate = (...more: string[]) =>
      lxmert(
        'evaluate',
        'vqa',
        at('world/vqa/minival.json'),
        '--model',
        at('run'),
        '--weights',
        'LAST',
        ...more,
      );
    const refused = await evaluate('--features', at('other'));
    expect([refused.exitCode, refused.stderr]).toEqual([
      1,
      expect.stringContaining('trained with detector "a"'),
    ]);
    expect((await evaluate('--features', at('other'), '--allow-other-features')).exitCode).toBe(0);
    const scored = await evaluate('--features', at('minival'), '--json');
    expect(scored.exitCode, scored.stderr).toBe(0);
    const result = JSON.parse(scored.stdout) as { numQuestions: number; accuracy: number };
    const numQuestions = (JSON.parse(readFileSync(at('world/vqa/minival.json'), 'utf8')) as object[]).length;
    expect(result.numQuestions).toBe(numQuestions);
    expect(result.accuracy).toBeGreaterThanOrEqual(0);
  });

  it('say what is missing when a bare weights file is asked', async () => {
    const weights = at('alone/LAST.pth');
    mkdirSync(at('alone'));
    copyFileSync(at('run/LAST.pth'), weights);
    const asked = await lxmert(
      'answer',
      'sample_minival_000000',
      'What?',
      '--features',
      at('minival'),
      '--model',
      weights,
    );
    expect([asked.exitCode, asked.stderr]).toEqual([2, expect.stringContaining('--vocab')]);
  });

  it('need a detector for a bare picture with a model of one', async () => {
    const picture = at('world/images/minival/sample_minival_000000.png');
    const asked = await lxmert('answer', picture, 'What?', '--model', at('run'), '--weights', 'LAST');
    expect([asked.exitCode, asked.stderr]).toEqual([
      2,
      expect.stringContaining('region features of a detector'),
    ]);
  });

  it('stop at a label outside the answer table', async () => {
    const [first] = JSON.parse(readFileSync(at('world/vqa/train.json'), 'utf8')) as Record<string, unknown>[];
    const { writeFileSync } = await import('node:fs');
    writeFileSync(at('odd.json'), JSON.stringify([{ ...first, label: { nonsense: 1 } }]));
    const stopped = await finetune('odd', '--features', at('train'), '--train', at('odd.json'));
    expect([stopped.exitCode, stopped.stderr]).toEqual([1, expect.stringContaining("'nonsense'")]);
  });
});
