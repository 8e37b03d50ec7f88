/** @file Runs that are killed and go on, as a user meets them. They run the built program: a kill needs a process. */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CheckpointFile } from '../../src/checkpoint/index.js';
import { scope } from '../../src/torch/index.js';
import { overridden } from '../support/overridden.js';
import { needing } from '../support/skips.js';

const folder = mkdtempSync(path.join(tmpdir(), 'resume-'));
const at = (...parts: string[]): string => path.join(folder, ...parts);
afterAll(() => rmSync(folder, { recursive: true }));

const program = path.resolve('dist/src/cli/main.js');

function lxmert(...words: string[]): { status: number | null; stderr: string } {
  return spawnSync(process.execPath, [program, ...words], { encoding: 'utf8' });
}

function finetune(output: string, ...more: string[]): string[] {
  return overridden(
    [
      ...'finetune vqa --hidden-size 16 --attention-heads 2 --language-layers 1 --vision-layers 1'.split(' '),
      ...'--cross-layers 1 --epochs 3 --batch-size 8 --learning-rate 1e-3 --dropout 0.1'.split(' '),
      ...['--train', at('world/vqa/train.json'), '--valid', at('world/vqa/minival.json')],
      ...['--features', at('train'), '--features', at('minival')],
      ...['--answers', at('world/vqa/trainval_label2ans.json'), '--vocab', at('world/vocab.txt')],
      ...['--output', at(output), '--snapshot-steps', '7', '--keep-snapshots', '3'],
    ],
    more,
  );
}

const snapshotsOf = (run: string): string[] =>
  existsSync(at(run, 'snapshots'))
    ? readdirSync(at(run, 'snapshots'))
        .filter((name) => /^step-\d+\.json$/.test(name))
        .sort()
    : [];

/** Starts a run and kills it without warning a moment after a further snapshot is there. */
async function startAndKill(run: string, delay: number): Promise<void> {
  const before = snapshotsOf(run).at(-1) ?? '';
  const child: ChildProcess = spawn(process.execPath, [program, ...finetune(run, '--resume')], {
    stdio: 'ignore',
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  while ((snapshotsOf(run).at(-1) ?? '') <= before && child.exitCode === null) await setTimeout(5);
  await setTimeout(delay);
  child.kill('SIGKILL');
  await ended;
}

/** Every parameter's bytes by name. */
async function weightsOf(file: string): Promise<Map<string, Float32Array>> {
  const checkpoint = await CheckpointFile.open(file);
  return scope(
    () =>
      new Map([...checkpoint.entries.keys()].map((name) => [name, checkpoint.tensor(name).toFloat32Array()])),
  );
}

interface MetricsRecord {
  readonly step?: number;
  readonly loss?: number;
  readonly meanLoss?: number;
  readonly score?: number;
}

function metricsOf(run: string): MetricsRecord[] {
  const lines = readFileSync(at(run, 'metrics.jsonl'), 'utf8').trim().split('\n');
  return lines.map((line) => {
    const { step, loss, meanLoss, score } = JSON.parse(line) as MetricsRecord;
    return { step, loss, meanLoss, score } as MetricsRecord;
  });
}

needing('program').describe('a run', () => {
  beforeAll(() => {
    lxmert('sample', at('world'), '--num-images', '40', '--num-boxes', '6', '--seed', '2');
    for (const split of ['train', 'minival']) {
      lxmert('features', 'convert', at(`world/features/${split}_obj36.tsv`), at(split));
    }
    const whole = lxmert(...finetune('whole'));
    expect(whole.status, whole.stderr).toBe(0);
  }, 60_000);

  it('killed twice and resumed gives the same bits as one that was not', async () => {
    // Some place in the interval between two snapshots, another each time.
    await startAndKill('killed', Math.random() * 60);
    await startAndKill('killed', Math.random() * 60);
    const last = lxmert(...finetune('killed', '--resume'));
    expect(last.status, last.stderr).toBe(0);
    expect(last.stderr).toMatch(/Resumed after step \d+/);
    expect(await weightsOf(at('killed/LAST.pth'))).toEqual(await weightsOf(at('whole/LAST.pth')));
    expect(metricsOf('killed')).toEqual(metricsOf('whole'));
    expect(existsSync(at('killed/BEST.pth'))).toBe(existsSync(at('whole/BEST.pth')));
  });

  it('keeps the newest snapshots only, and removes what a kill left half-written', () => {
    expect(snapshotsOf('whole').length).toBe(3);
    expect(snapshotsOf('killed').length).toBe(3);
    const others = readdirSync(at('killed/snapshots')).filter((name) => name.includes('.partial'));
    expect(others).toEqual([]);
  });

  it('goes on from the snapshot before a torn one, with a warning, to the same end', async () => {
    const [first = '', second = '', third = ''] = snapshotsOf('whole').map((name) =>
      at('whole/snapshots', name.replace('json', 'safetensors')),
    );
    expect(existsSync(first)).toBe(true);
    const bytes = readFileSync(third);
    bytes[bytes.length - 5]! ^= 1; // one bit
    writeFileSync(third, bytes);
    truncateSync(second, 1000);
    const before = await weightsOf(at('whole/LAST.pth'));
    const resumed = lxmert(...finetune('whole', '--resume'));
    expect(resumed.status, resumed.stderr).toBe(0);
    expect(resumed.stderr).toContain('is torn and not used: its tensors do not have the checksum');
    expect(resumed.stderr).toContain('is torn and not used: its tensors have 1000 bytes');
    expect(await weightsOf(at('whole/LAST.pth'))).toEqual(before);
  });

  it('refuses to go on with other settings, and without --resume to write into a run', () => {
    const other = lxmert(...finetune('whole', '--resume', '--epochs', '2'));
    expect([other.status, other.stderr]).toEqual([
      2,
      expect.stringContaining('started with numEpochs = 3, but now it is 2 (--epochs)'),
    ]);
    expect(lxmert(...finetune('whole')).stderr).toContain('is not empty');
    writeFileSync(at('stray'), '');
    const stray = lxmert(...finetune('.', '--resume'));
    expect([stray.status, stray.stderr]).toEqual([2, expect.stringContaining('no config.json')]);
  });

  it('goes on for more epochs than it was started for', () => {
    const longer = lxmert(...finetune('whole', '--resume', '--epochs', '4'));
    expect(longer.status, longer.stderr).toBe(0);
    expect(longer.stderr).toContain('started for 3 epochs and goes on to 4');
    expect(longer.stderr).toMatch(/^Epoch 3: /m);
    const config = JSON.parse(readFileSync(at('whole/config.json'), 'utf8')) as { settings: unknown };
    expect(config.settings).toMatchObject({ numEpochs: 4 });
  });
});

needing('program').describe('an interrupted run', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('saves after %s, ends with %i and goes on to the same bits', async (signal, code) => {
    const run = `stopped-${signal}`;
    const child = spawn(process.execPath, [program, ...finetune(run, '--resume')], { stdio: 'ignore' });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    while (snapshotsOf(run).length === 0 && child.exitCode === null) await setTimeout(5);
    child.kill(signal);
    expect(await ended).toBe(code);
    expect(existsSync(at(run, 'LAST.pth'))).toBe(true);
    const resumed = lxmert(...finetune(run, '--resume'));
    expect(resumed.status, resumed.stderr).toBe(0);
    expect(await weightsOf(at(run, 'LAST.pth'))).toEqual(await weightsOf(at('killed/LAST.pth')));
  });
});
