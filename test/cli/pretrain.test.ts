/** @file Pre-training as a user meets it: a run, its evaluation, going on, fine-tuning from it. */

import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CheckpointFile } from '../../src/checkpoint/index.js';
import { scope } from '../../src/torch/index.js';
import { lxmert } from '../support/commandLine.js';
import { overridden } from '../support/overridden.js';
import { needing } from '../support/skips.js';

const folder = mkdtempSync(path.join(tmpdir(), 'pretrain-'));
const at = (...parts: string[]): string => path.join(folder, ...parts);
afterAll(() => rmSync(folder, { recursive: true }));
const program = path.resolve('dist/src/cli/main.js');

const small =
  '--hidden-size 16 --attention-heads 2 --language-layers 1 --vision-layers 1 --cross-layers 1'.split(' ');
const data = (): string[] => [
  ...['--features', at('train'), '--features', at('minival'), '--vocab', at('world/vocab.txt')],
];
const pretrain = (output: string, ...more: string[]): string[] =>
  overridden(
    [
      ...['pretrain', ...small, '--batch-size', '32', '--learning-rate', '1e-3', ...data()],
      ...['--train', at('world/captions/train.json'), '--valid', at('world/captions/minival.json')],
      ...['--output', at(output)],
    ],
    more,
  );

async function succeed(...words: string[]): Promise<string> {
  const { stdout, stderr, exitCode } = await lxmert(...words);
  expect(exitCode, stderr).toBe(0);
  return stdout;
}

async function weightsOf(file: string): Promise<Map<string, string>> {
  const checkpoint = await CheckpointFile.open(file);
  return scope(
    () =>
      new Map(
        [...checkpoint.entries.keys()].map((name) => [name, checkpoint.tensor(name).toFloat32Array().join()]),
      ),
  );
}

interface EpochRecord {
  readonly epoch: number;
  readonly score: number;
  readonly isBest: boolean;
  readonly meanLosses: Readonly<Record<string, number>>;
  readonly validation: Readonly<Record<string, number>>;
}

function epochsOf(run: string): EpochRecord[] {
  const lines = readFileSync(at(run, 'metrics.jsonl'), 'utf8').trim().split('\n');
  return lines
    .map((line) => JSON.parse(line) as EpochRecord & { step?: number })
    .filter(({ step }) => step === undefined);
}

const LOSSES = ['Mask_LM', 'Matched', 'Obj', 'Attr', 'Feat', 'QA'];

needing('bridge').describe('pre-training', () => {
  beforeAll(async () => {
    await succeed('sample', at('world'), '--num-images', '40', '--num-boxes', '6', '--seed', '3');
    for (const split of ['train', 'minival']) {
      await succeed('features', 'convert', at(`world/features/${split}_obj36.tsv`), at(split));
    }
    await succeed(...pretrain('run', '--epochs', '3', '--qa-from-epoch', '1'));
  }, 120_000);

  it('leaves the weights of each epoch and the best, with every loss in the records', async () => {
    const files = readdirSync(at('run')).filter((name) => name.endsWith('.pth'));
    expect(files.sort()).toEqual([
      'BEST_EVAL_LOSS_LXRT.pth',
      'Epoch01_LXRT.pth',
      'Epoch02_LXRT.pth',
      'Epoch03_LXRT.pth',
    ]);
    const epochs = epochsOf('run');
    expect(epochs.map(({ meanLosses }) => Object.keys(meanLosses))).toEqual([
      LOSSES.slice(0, 5),
      LOSSES,
      LOSSES,
    ]);
    const total = Object.values(epochs[2]!.validation).slice(0, 6);
    expect(total.reduce((sum, loss) => sum + loss, 0)).toBeCloseTo(epochs[2]!.score, 8);
    expect(epochs[2]!.meanLosses.Obj).toBeLessThan(epochs[0]!.meanLosses.Obj!);
    // The first epoch with question answering is compared with none before it.
    expect(epochs[1]!.isBest).toBe(true);
    expect(readFileSync(at('run/log.log'), 'utf8')).toMatch(
      /Epoch 2: loss [\d.]+ \(Mask_LM [\d.]+, Matched [\d.]+, Obj [\d.]+, Attr [\d.]+, Feat [\d.]+, QA [\d.]+\);/,
    );
  });

  it('leaves the answer head alone until its first epoch', async () => {
    await succeed(...pretrain('without', '--epochs', '3', '--qa-from-epoch', '3'));
    const before = await weightsOf(at('without/Epoch01_LXRT.pth'));
    const first = await weightsOf(at('run/Epoch01_LXRT.pth'));
    const last = await weightsOf(at('run/Epoch03_LXRT.pth'));
    const untrained = await weightsOf(at('without/Epoch03_LXRT.pth'));
    for (const [name, values] of before) {
      expect(first.get(name), name).toBe(values);
      const isAnswer = name.startsWith('answer_head.');
      expect(untrained.get(name) === values, name).toBe(isAnswer);
      expect(last.get(name) === values, name).toBe(false);
    }
  });

  it('is evaluated: a run, a weights file of it, one by other names, with the same result', async () => {
    const evaluate = async (...more: string[]): Promise<Record<string, unknown>> =>
      JSON.parse(
        await succeed(
          ...['evaluate', 'pretrain', at('world/captions/minival.json'), '--features', at('minival')],
          ...['--json', ...more],
        ),
      ) as Record<string, unknown>;
    const { weights: _, ...ofRun } = await evaluate('--model', at('run'));
    const best = epochsOf('run').findLast(({ isBest }) => isBest)!;
    expect(ofRun.loss).toBeCloseTo(best.score, 5);
    expect(Object.keys(ofRun.losses as object)).toEqual([
      ...['words', 'matching', 'objects', 'attributes', 'features', 'answers'],
    ]);
    const [dataSet] = ofRun.answersByDataSet as { dataSet: string; accuracy: number }[];
    expect(dataSet).toMatchObject({ dataSet: 'vqa', accuracy: ofRun.answerAccuracy });
    const file = `Epoch0${best.epoch + 1}_LXRT.pth`;
    expect(await evaluate('--model', at('run', file))).toMatchObject(ofRun);
    await succeed('checkpoint', 'convert', at('run', file), at('hf.safetensors'), '--to', 'huggingface');
    const bare = [
      '--model',
      at('hf.safetensors'),
      '--vocab',
      at('world/vocab.txt'),
      '--attention-heads',
      '2',
    ];
    expect(await evaluate(...bare, '--answers', at('run/all_ans.json'))).toMatchObject(ofRun);
    // Without the table of its answers they are not judged; the rest is.
    const { losses, answersByDataSet } = await evaluate(...bare);
    expect([Object.keys(losses as object).length, answersByDataSet]).toEqual([5, []]);
    // The split is one sum, whatever the batches.
    const small = await evaluate('--model', at('run'), '--batch-size', '7');
    expect(small.loss).toBeCloseTo(ofRun.loss as number, 4);
  });

  it('a second run goes on from the first, with the answer head or without', async () => {
    await succeed(...pretrain('stage1', '--epochs', '1', '--qa-weight', '0'));
    const first = at('stage1/Epoch01_LXRT.pth');
    expect([...(await weightsOf(first)).keys()].some((name) => name.startsWith('answer_head.'))).toBe(false);
    const refused = await lxmert(...pretrain('stage2', '--epochs', '1', '--load', first));
    expect([refused.exitCode, refused.stderr]).toEqual([
      2,
      expect.stringContaining('--load-without-answers'),
    ]);
    await succeed(...pretrain('stage2', '--epochs', '1', '--load-without-answers', first));
    const whole = await lxmert(...pretrain('more', '--epochs', '1', '--load', at('stage2/Epoch01_LXRT.pth')));
    expect(whole.exitCode, whole.stderr).toBe(0);
    expect(whole.stderr).toMatch(/Loaded \d+ tensors/);
    expect(epochsOf('more')[0]!.meanLosses.Obj).toBeLessThan(epochsOf('stage2')[0]!.meanLosses.Obj!);
  });

  it('VQA is fine-tuned from it, with the encoder alone and with its answers', async () => {
    const finetune = (output: string, ...more: string[]): Promise<string> =>
      succeed(
        ...['finetune', 'vqa', '--attention-heads', '2', '--epochs', '1', '--batch-size', '16', ...data()],
        ...['--train', at('world/vqa/train.json'), '--valid', at('world/vqa/minival.json')],
        ...['--answers', at('world/vqa/trainval_label2ans.json'), '--output', at(output), ...more],
      );
    const weights = at('run/BEST_EVAL_LOSS_LXRT.pth');
    await finetune('encoder', '--load-encoder', weights);
    await finetune(
      'answers',
      '--load-with-answers',
      weights,
      '--pretraining-answers',
      at('run/all_ans.json'),
    );
    expect(readFileSync(at('answers/log.log'), 'utf8')).toMatch(/(\d+) of \1 answers start from/);
  });

  it('takes the language part of a BERT, with its sizes', async () => {
    const { exitCode, stderr } = await lxmert(
      ...pretrain('bert', '--epochs', '1', '--load-bert', at('run/Epoch03_LXRT.pth'), '--hidden-size', '8'),
    );
    expect(exitCode, stderr).toBe(0);
    expect(stderr).toContain('Loaded');
    expect(JSON.parse(readFileSync(at('bert/config.json'), 'utf8'))).toMatchObject({
      model: { hiddenSize: 16, intermediateSize: 64 },
    });
  });

  it('refuses what contradicts itself', async () => {
    const weights = at('run/Epoch01_LXRT.pth');
    const cases = [
      [['--load', weights, '--load-bert', weights], 'contradict each other'],
      [['--qa-sets', 'vqa'], 'name one with --answers'],
      [['--answers', at('run/trainval_label2ans.json'), '--qa-sets', 'vqa'], 'does not say which data sets'],
      [
        '--mask-lm-weight 0 --matched-weight 0 --obj-weight 0 --attr-weight 0 --feat-weight 0 --qa-weight 0'.split(
          ' ',
        ),
        'nothing to learn',
      ],
      [['--load-bert', at('run/snapshots/none.pth')], 'there is no file'],
    ] as const;
    for (const [words, message] of cases) {
      const { exitCode, stderr } = await lxmert(...pretrain('refused', ...words));
      expect([exitCode, stderr]).toEqual([2, expect.stringContaining(message)]);
      expect(existsSync(at('refused'))).toBe(false);
    }
    const classes = await lxmert(...pretrain('refused', '--object-classes', '3', '--epochs', '1'));
    expect([classes.exitCode, classes.stderr]).toEqual([1, expect.stringContaining('--object-classes')]);
  });
});

needing('program').describe('an interrupted pre-training', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGKILL', null],
  ] as const)('after %s goes on to the same bits', async (signal, code) => {
    const words = (output: string): string[] =>
      pretrain(output, '--epochs', '3', '--qa-from-epoch', '1', '--resume', '--snapshot-steps', '4');
    const child = spawn(process.execPath, [program, ...words(signal)], { stdio: 'ignore' });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    const snapshots = (): string[] =>
      existsSync(at(signal, 'snapshots')) ? readdirSync(at(signal, 'snapshots')) : [];
    while (!snapshots().some((name) => name.endsWith('.json')) && child.exitCode === null)
      await setTimeout(5);
    child.kill(signal);
    expect(await ended).toBe(code);
    if (signal === 'SIGINT') expect(existsSync(at(signal, 'LAST_LXRT.pth'))).toBe(true);
    const resumed = spawnSync(process.execPath, [program, ...words(signal)], { encoding: 'utf8' });
    expect(resumed.status, resumed.stderr).toBe(0);
    expect(resumed.stderr).toMatch(/Resumed after step \d+/);
    expect(await weightsOf(at(signal, 'Epoch03_LXRT.pth'))).toEqual(
      await weightsOf(at('run/Epoch03_LXRT.pth')),
    );
    // It was of the step at which the run was interrupted.
    expect(existsSync(at(signal, 'LAST_LXRT.pth'))).toBe(false);
    const losses = (run: string) =>
      epochsOf(run).map(({ meanLosses, validation }) => [meanLosses, validation]);
    expect(losses(signal)).toEqual(losses('run'));
  });
});
