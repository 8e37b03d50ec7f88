/** @file Fine-tuning in several processes, as a user meets it. They run the built program: processes of their own. */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CheckpointFile } from '../../src/checkpoint/index.js';
import { scope } from '../../src/torch/index.js';
import { launchProcesses } from '../../src/train/distributed/launchProcesses.js';
import { overridden } from '../support/overridden.js';
import {
  type Ended,
  freePort,
  isBuilt,
  program,
  type Started,
  start,
  torchrunVariables,
} from '../support/processes.js';
import { needing } from '../support/skips.js';

const folder = mkdtempSync(path.join(tmpdir(), 'distributed-'));
const at = (...parts: string[]): string => path.join(folder, ...parts);
afterAll(() => rmSync(folder, { recursive: true }));

function lxmert(...words: string[]): Promise<Ended> {
  return start([program, ...words], { OMP_NUM_THREADS: '1' }).ended;
}

function finetune(output: string, ...more: string[]): string[] {
  return overridden(
    [
      ...'finetune vqa --hidden-size 16 --attention-heads 2 --language-layers 1 --vision-layers 1'.split(' '),
      ...'--cross-layers 1 --epochs 1 --batch-size 32 --learning-rate 1e-3 --dropout 0'.split(' '),
      ...['--train', at('world/vqa/train.json'), '--valid', at('world/vqa/minival.json')],
      ...['--features', at('train'), '--features', at('minival')],
      ...['--answers', at('world/vqa/trainval_label2ans.json'), '--vocab', at('world/vocab.txt')],
      ...['--output', at(output), '--snapshot-steps', '3'],
    ],
    more,
  );
}

const launch = (numProcesses: number, ...words: string[]): Promise<Ended> =>
  lxmert('launch', '--processes', String(numProcesses), '--', ...words);

/** Two processes with torchrun's variables. */
async function startTwo(...words: string[]): Promise<[Started, Started]> {
  const port = await freePort();
  const [first, second] = [0, 1].map((rank) => start([program, ...words], torchrunVariables(rank, 2, port)));
  return [first!, second!];
}

const snapshotsOf = (run: string): string[] =>
  existsSync(at(run, 'snapshots'))
    ? readdirSync(at(run, 'snapshots')).filter((name) => name.endsWith('.json'))
    : [];

async function untilSnapshot(run: string): Promise<void> {
  while (snapshotsOf(run).length === 0) await setTimeout(5);
}

/** Every parameter's values by name. */
async function weightsOf(run: string): Promise<Map<string, Float32Array>> {
  const file = ['LAST.pth', 'Epoch02_LXRT.pth'].map((name) => at(run, name)).find((name) => existsSync(name));
  const checkpoint = await CheckpointFile.open(file ?? '');
  return scope(
    () =>
      new Map([...checkpoint.entries.keys()].map((name) => [name, checkpoint.tensor(name).toFloat32Array()])),
  );
}

/** The largest difference of two runs' parameters. */
async function distance(run: string, other: string): Promise<number> {
  const [one, two] = [await weightsOf(run), await weightsOf(other)];
  expect([...one.keys()]).toEqual([...two.keys()]);
  let largest = 0;
  for (const [name, values] of one) {
    for (const [i, value] of values.entries()) {
      largest = Math.max(largest, Math.abs(value - (two.get(name)?.[i] ?? Number.NaN)));
    }
  }
  return largest;
}

interface MetricsRecord {
  readonly step?: number;
  readonly gradientNorm?: number;
  readonly meanLoss?: number;
  readonly score?: number;
  readonly meanLosses?: Readonly<Record<string, number>>;
  readonly validation?: Readonly<Record<string, number>>;
}

function recordsOf(run: string): MetricsRecord[] {
  const lines = readFileSync(at(run, 'metrics.jsonl'), 'utf8').trim().split('\n');
  return lines.map((line) => JSON.parse(line) as object);
}

beforeAll(async () => {
  if (!isBuilt) return;
  await lxmert('sample', at('world'), '--num-images', '48', '--num-boxes', '6', '--seed', '2');
  for (const split of ['train', 'minival']) {
    await lxmert('features', 'convert', at(`world/features/${split}_obj36.tsv`), at(split));
  }
  const whole = await lxmert(...finetune('one'));
  expect(whole.status, whole.stderr).toBe(0);
}, 60_000);

needing('program').describe('fine-tuning in several processes', () => {
  it.each([
    [1, ['--accumulation-steps', '4']],
    [2, []],
    [4, []],
    [2, ['--accumulation-steps', '4']],
  ])('%i of them with %j train the same model as one, and score the same', async (numProcesses, flags) => {
    const run = `launched-${numProcesses}-${flags.length}`;
    const { status, stdout, stderr } = await launch(numProcesses, ...finetune(run, ...flags));
    expect(status, stderr).toBe(0);
    const many = `${numProcesses} processes, ${32 / numProcesses} examples of each batch in each.`;
    expect(stderr.includes(many)).toBe(numProcesses > 1);
    // One of them speaks.
    expect(stdout.match(/The run is in/g)).toHaveLength(1);
    const [one, several] = [recordsOf('one'), recordsOf(run)].map(
      (records) => Object.assign({}, ...records) as MetricsRecord,
    );
    expect(several?.score).toBe(one?.score);
    expect(several?.meanLoss).toBeCloseTo(one?.meanLoss ?? Number.NaN, 4);
    const steps = recordsOf(run).flatMap(({ step }) => step ?? []);
    expect(steps.at(-1)).toBeGreaterThanOrEqual(10);
    // The optimizer hardly sees the gradients' scale; their norm shows it.
    expect((several?.gradientNorm ?? 0) / (one?.gradientNorm ?? 1)).toBeCloseTo(1, 4);
    expect(await distance('one', run)).toBeLessThan(1e-6);
  });

  it('goes on after a kill to the same bits, from the step before, with dropout', async () => {
    const words = (run: string, ...more: string[]): string[] =>
      finetune(run, '--dropout', '0.1', '--epochs', '3', ...more);
    for (const each of await startTwo(...words('whole'))) expect((await each.ended).status).toBe(0);

    const [first, second] = await startTwo(...words('killed'));
    await untilSnapshot('killed');
    second.kill('SIGKILL');
    const ended = await first.ended;
    expect(ended.status).toBe(1);
    expect(ended.stderr).toMatch(/Another process of this run on 127\.0\.0\.1 is gone/);
    const step = /The weights after step (\d+) are saved in LAST\.pth, and a snapshot/.exec(
      ended.stderr,
    )?.[1];
    expect(snapshotsOf('killed')).toContain(`step-${step?.padStart(10, '0')}.json`);

    // Now the one that writes is lost: the other does.
    const [writer, other] = await startTwo(...words('killed', '--resume'));
    const before = new Set(snapshotsOf('killed'));
    while (snapshotsOf('killed').every((name) => before.has(name))) await setTimeout(5);
    writer.kill('SIGKILL');
    const survivor = await other.ended;
    expect([survivor.status, survivor.stderr]).toEqual([1, expect.stringContaining('are saved in LAST.pth')]);

    for (const each of await startTwo(...words('killed', '--resume'))) {
      const { status, stderr } = await each.ended;
      expect(status, stderr).toBe(0);
    }
    expect(await distance('killed', 'whole')).toBe(0);
    expect(readdirSync(at('killed')).filter((name) => name.startsWith('rescue-'))).toEqual([]);
  });

  it('notices one that hangs, and stops all at one step when one is asked to', async () => {
    const [first, hanging] = await startTwo(
      ...finetune('hanging', '--epochs', '99', '--distributed-timeout', '2'),
    );
    await untilSnapshot('hanging');
    hanging.kill('SIGSTOP');
    const ended = await first.ended;
    hanging.kill('SIGKILL');
    expect([ended.status, ended.stderr]).toEqual([
      1,
      expect.stringContaining('did not answer within 2 s: it hangs, or its machine or the network is gone'),
    ]);

    const both = await startTwo(...finetune('stopped', '--epochs', '99'));
    await untilSnapshot('stopped');
    both[1].kill('SIGTERM');
    const [one, two] = await Promise.all(both.map((each) => each.ended));
    expect([one?.status, two?.status]).toEqual([143, 143]);
    expect(one?.stdout).toMatch(/Interrupted after \d+ steps; LAST.pth and a snapshot are saved/);
  });

  it('is refused with one sentence when it cannot work', async () => {
    const [first, second] = await startTwo(...finetune('other'));
    second.kill('SIGKILL');
    const port = await freePort();
    first.kill('SIGKILL');
    const different = [8, 16].map((size, rank) =>
      start(
        [program, ...finetune('other2', '--hidden-size', String(size))],
        torchrunVariables(rank, 2, port),
      ),
    );
    for (const { ended } of different) {
      const { status, stderr } = await ended;
      expect([status, stderr]).toEqual([
        1,
        expect.stringContaining('model.hiddenSize is 8 in process 0, but 16 in process 1.'),
      ]);
    }
    // Nothing stands in the way of starting again.
    expect(readdirSync(at('other2'))).toEqual([]);
    const uneven = await launch(3, ...finetune('uneven'));
    expect(uneven.status).toBe(2);
    expect(uneven.stderr).toContain('Use a --batch-size of 30 or 33.');
    const other = await launch(2, 'evaluate', 'vqa');
    expect([other.status, other.stderr]).toEqual([
      2,
      expect.stringContaining('does not work in several processes'),
    ]);
  });

  it('predicts the file that one process writes', async () => {
    const { status, stderr } = await lxmert(...finetune('answering'));
    expect(status, stderr).toBe(0);
    const predict = (output: string): string[] => [
      ...['predict', 'vqa', at('world/vqa/minival.json'), '--model', at('answering'), '--batch-size', '1'],
      ...['--features', at('minival'), '--output', at(output)],
    ];
    const [one, three] = [await lxmert(...predict('one.json')), await launch(3, ...predict('three.json'))];
    expect([one.status, three.status], three.stderr).toEqual([0, 0]);
    expect(three.stdout.trim().split('\n')).toHaveLength(1);
    const answers = readFileSync(at('one.json'), 'utf8');
    expect(JSON.parse(answers).length).toBeGreaterThan(3 * 16);
    expect(readFileSync(at('three.json'), 'utf8')).toBe(answers);
  });

  it('gives each process its GPU, and refuses a GPU twice', async () => {
    const twice = await lxmert('launch', '--gpus', '0,0', '--', ...finetune('gpus'));
    expect([twice.status, twice.stderr]).toEqual([2, expect.stringContaining('names the GPU 0 twice')]);
    const both = await lxmert('launch', '--gpus', '0', '--processes', '2', '--', ...finetune('gpus'));
    expect([both.status, both.stderr]).toEqual([2, expect.stringContaining('either --processes or --gpus')]);
    const seen = await launchProcesses({
      numProcesses: 2,
      gpus: ['3', 'GPU-12ab'],
      command: [
        process.execPath,
        '-e',
        'process.exit(process.env.CUDA_VISIBLE_DEVICES === ["3", "GPU-12ab"][process.env.RANK] ? 0 : 9)',
      ],
      graceSeconds: 5,
      say: () => undefined,
    });
    expect(seen).toEqual({ exitCode: 0, failed: undefined });
  });

  it('ends the others when the first cannot start', async () => {
    const { status, stderr } = await launch(2, ...finetune('one'));
    expect(status).toBe(2);
    expect(stderr).toContain('is not empty');
    expect(stderr).toContain('Process 0 ended first, with exit code 2.');
  });
});

needing('program').describe('pre-training in several processes', () => {
  const pretrain = (output: string, ...more: string[]): string[] => [
    ...'pretrain --hidden-size 16 --attention-heads 2 --language-layers 1 --vision-layers 1'.split(' '),
    ...'--cross-layers 1 --epochs 2 --batch-size 32 --learning-rate 1e-3 --dropout 0'.split(' '),
    ...['--train', at('world/captions/train.json'), '--valid', at('world/captions/minival.json')],
    ...['--features', at('train'), '--features', at('minival'), '--vocab', at('world/vocab.txt')],
    ...['--output', at(output), ...more],
  ];

  it('trains the same model and finds the same losses, whatever the parts have to predict', async () => {
    // Parts of 4 examples: some have no masked word, no question or no exchanged sentence.
    const runs = await Promise.all([
      lxmert(...pretrain('pretrain-one')),
      launch(2, ...pretrain('pretrain-two', '--accumulation-steps', '4')),
    ]);
    for (const { status, stderr } of runs) expect(status, stderr).toBe(0);
    const [one, two] = ['pretrain-one', 'pretrain-two'].map((run) => recordsOf(run).at(-1));
    expect(two?.score).toBeCloseTo(one?.score ?? Number.NaN, 4);
    for (const part of ['meanLosses', 'validation'] as const) {
      expect(Object.keys(two?.[part] ?? {})).toEqual(Object.keys(one?.[part] ?? {}));
      for (const [name, value] of Object.entries(one?.[part] ?? {})) {
        expect(two?.[part]?.[name], name).toBeCloseTo(value, 4);
      }
    }
    expect(await distance('pretrain-one', 'pretrain-two')).toBeLessThan(1e-5);
  });
});

/** Two network namespaces, each a host of its own, joined by a cable. */
needing('program', 'network namespaces').describe('two hosts', () => {
  const names = [`lxmert-a-${process.pid}`, `lxmert-b-${process.pid}`] as const;
  const ip = (...words: string[]): boolean => spawnSync('ip', words).status === 0;
  const inside = (host: number, ...words: string[]): boolean => ip('netns', 'exec', names[host]!, ...words);
  const cables = [`lxa${process.pid}`, `lxb${process.pid}`].map((name) => name.slice(0, 15));
  beforeAll(() => {
    const works =
      names.every((name) => ip('netns', 'add', name)) &&
      ip('link', 'add', cables[0]!, 'type', 'veth', 'peer', 'name', cables[1]!) &&
      [0, 1].every(
        (host) =>
          ip('link', 'set', cables[host]!, 'netns', names[host]!) &&
          inside(host, 'ip', 'addr', 'add', `10.231.7.${host + 1}/24`, 'dev', cables[host]!) &&
          inside(host, 'ip', 'link', 'set', cables[host]!, 'up') &&
          inside(host, 'ip', 'link', 'set', 'lo', 'up'),
      );
    expect(works, 'two namespaces are joined').toBe(true);
  });
  afterAll(() => {
    for (const name of names) ip('netns', 'del', name);
  });

  it('train one model, and notice when the cable between them is cut', async () => {
    // To process 0 the meeting point may be its own machine, as PyTorchJob says it.
    const hosts = (words: string[]): Started[] =>
      names.map((name, rank) =>
        start(
          [program, ...words],
          { ...torchrunVariables(rank, 2, 29_400), MASTER_ADDR: rank === 0 ? '127.0.0.1' : '10.231.7.1' },
          ['ip', 'netns', 'exec', name],
        ),
      );
    for (const { ended } of hosts(finetune('hosts'))) {
      const { status, stderr } = await ended;
      expect(status, stderr).toBe(0);
    }
    expect(await distance('one', 'hosts')).toBeLessThan(1e-5);

    const cut = hosts(finetune('cut', '--epochs', '99', '--distributed-timeout', '2'));
    await untilSnapshot('cut');
    ip('netns', 'exec', names[1], 'ip', 'link', 'set', cables[1]!, 'down');
    const [first, second] = await Promise.all(cut.map(({ ended }) => ended));
    for (const each of [first, second]) {
      expect([each?.status, each?.stderr]).toEqual([1, expect.stringContaining('did not answer within 2 s')]);
    }
    expect(first?.stderr).toContain('are saved in LAST.pth');
  });
});
