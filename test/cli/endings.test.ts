/** @file How a run ends when its output, its terminal, its disk or its shell's limits do: with what was trained saved. */

import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { needing } from '../support/skips.js';

const folder = mkdtempSync(path.join(tmpdir(), 'endings-'));
const at = (...parts: string[]): string => path.join(folder, ...parts);
afterAll(() => rmSync(folder, { recursive: true }));

const program = path.resolve('dist/src/cli/main.js');
const lxmert = `'${process.execPath}' '${program}'`;

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a line of bash. */
function bash(line: string): Ended {
  return spawnSync('bash', ['-c', line], { encoding: 'utf8' });
}

function finetune(output: string, more = ''): string {
  return [
    `${lxmert} finetune vqa --hidden-size 16 --attention-heads 2 --language-layers 1 --vision-layers 1 --cross-layers 1`,
    `--batch-size 8 --learning-rate 1e-3 --train ${at('world/vqa/train.json')} --valid ${at('world/vqa/minival.json')}`,
    `--features ${at('train')} --features ${at('minival')} --answers ${at('world/vqa/trainval_label2ans.json')}`,
    `--vocab ${at('world/vocab.txt')} --output ${at(output)} ${more}`,
  ].join(' ');
}

const snapshotsOf = (run: string): string[] =>
  existsSync(at(run, 'snapshots'))
    ? readdirSync(at(run, 'snapshots')).filter((name) => name.endsWith('.json'))
    : [];

/** Starts a line of bash in a process group of its own, and sends the group a signal once the run has snapshots. */
async function interrupt(line: string, run: string, signal: NodeJS.Signals): Promise<Ended> {
  const child = spawn('bash', ['-c', line], { detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (text: Buffer) => (stdout += text.toString()));
  child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  while (snapshotsOf(run).length === 0 && child.exitCode === null) await setTimeout(5);
  if (child.exitCode === null) process.kill(-(child.pid ?? 0), signal);
  return { status: await ended, stdout, stderr };
}

const logOf = (run: string): string => readFileSync(at(run, 'log.log'), 'utf8');
const endless = '--epochs 10000 --snapshot-steps 5';

// Starts of the program, of which each takes seconds on a busy machine.
needing('program').describe('a run', { timeout: 180_000 }, () => {
  beforeAll(() => {
    const world = bash(
      `${lxmert} sample ${at('world')} --num-images 40 --num-boxes 6 --seed 2 && for split in train minival; do ${lxmert} features convert ${at('world/features')}/"$split"_obj36.tsv ${folder}/$split; done`,
    );
    expect(world.status, world.stderr).toBe(0);
  }, 300_000);

  it('is saved when Ctrl-C ends the reader of its output first', async () => {
    // tee ends at once; bash waits for the run and gives its exit code.
    const line = `trap '' INT; (trap - INT; exec ${finetune('tee', endless)}) 2>&1 | (trap - INT; exec tee ${at('tee.txt')}); exit "\${PIPESTATUS[0]}"`;
    const { status, stderr } = await interrupt(line, 'tee', 'SIGINT');
    expect(status, stderr).toBe(130);
    expect(existsSync(at('tee/LAST.pth'))).toBe(true);
    expect(snapshotsOf('tee').length).toBeGreaterThan(0);
    expect(logOf('tee')).not.toContain('failure');
  });

  it('trains to its end for a reader that has gone', () => {
    const { status, stderr } = bash(
      `${finetune('unread', '--epochs 1')} 2>&1 | true; exit "\${PIPESTATUS[0]}"`,
    );
    expect(status, stderr).toBe(0);
    expect(logOf('unread')).toContain('Epoch 0');
  });

  it.each([
    ['SIGHUP', 129],
    ['SIGTERM', 143],
  ] as const)('is saved when %s ends its terminal or its job', async (signal, code) => {
    const { status, stderr } = await interrupt(`exec ${finetune(signal, endless)}`, signal, signal);
    expect(status, stderr).toBe(code);
    expect(stderr).toContain('Stopping in good order');
    expect(existsSync(at(signal, 'LAST.pth'))).toBe(true);
  });

  it('takes signals that come together for one request', async () => {
    const line = `${finetune('twice', endless)} & child=$!; trap 'kill -TERM $child; kill -TERM $child' TERM; wait $child; wait $child; exit $?`;
    const { status, stderr } = await interrupt(line, 'twice', 'SIGTERM');
    expect(status, stderr).toBe(143);
    expect(existsSync(at('twice/LAST.pth'))).toBe(true);
    expect(readdirSync(at('twice')).filter((name) => /partial|lock/.test(name))).toEqual([]);
  });

  it('says at which step its disk was full, what is whole, and goes on', () => {
    // The weights have less than 400 blocks of 1024 bytes, a snapshot with its optimizer has more.
    const full = bash(`ulimit -f 400; ${finetune('full', '--epochs 2 --snapshot-steps 7')}`);
    expect(full.status).toBe(1);
    expect(full.stderr).toMatch(
      /The snapshot of step 7 \(epoch 0\) could not be written\. '.*' may not become as large/,
    );
    expect(full.stderr).toContain('There is none before it, so the run would begin anew.');
    expect(readdirSync(at('full/snapshots'))).toEqual([]);
    const resumed = bash(finetune('full', '--epochs 2 --snapshot-steps 7 --resume'));
    expect(resumed.status, resumed.stderr).toBe(0);
  });

  it('has features that a full disk cut short, and goes on with them', () => {
    const convert = `${lxmert} features convert ${at('world/features/train_obj36.tsv')} ${at('cut')}`;
    const { status, stderr } = bash(`ulimit -f 100; ${convert}`);
    expect(status).toBe(1);
    expect(stderr).toMatch(/'.*cut' may not become as large .* the same command goes on from there\./);
    expect(readdirSync(at('cut'))).toEqual([]);
    expect(bash(convert).status).toBe(0);
  });

  it('works with 64 open files', () => {
    const line = [
      `ulimit -n 64; ${lxmert} --help`,
      `${lxmert} features info ${at('train')}`,
      `${lxmert} serve --help`,
      finetune('few', '--epochs 1'),
    ].join(' && ');
    const { status, stderr } = bash(line);
    expect(status, stderr).toBe(0);
    const served = bash(
      `ulimit -n 64; ${lxmert} serve --model ${at('few')} --port 0 2> ${at('served')} & child=$!; while ! grep -q Open ${at('served')} && kill -0 $child; do sleep 0.05; done; kill $child; wait $child; cat ${at('served')}`,
    );
    expect(served.stdout, served.stderr).toContain('Open http');
  });

  it('names the one that writes it to a second', async () => {
    const line = `${finetune('shared', endless)} & child=$!; trap 'kill -TERM $child' TERM; while ! test -e ${at('shared/snapshots')}/*.json && kill -0 $child; do sleep 0.05; done; ${finetune('shared', `${endless} --resume`)}; echo "second $?" >&2; wait $child; wait $child`;
    const child = spawn('bash', ['-c', line], { stdio: ['ignore', 'ignore', 'pipe'] });
    let stderr = '';
    child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
    const ended = new Promise((resolve) => child.once('close', resolve));
    while (!stderr.includes('second') && child.exitCode === null) await setTimeout(20);
    child.kill('SIGTERM');
    await ended;
    expect(stderr).toMatch(/is being written by process \d+\. Wait until that has ended/);
    expect(stderr).toContain('second 1');
  });
});

needing('program').describe('what is printed', () => {
  it('may have no reader', () => {
    const { status, stderr } = bash(`${lxmert} --help | true; exit "\${PIPESTATUS[0]}"`);
    expect([status, stderr]).toEqual([0, '']);
    expect(bash(`${lxmert} --version >&- 2>&-`).status).toBe(0);
  });

  it('is told of when a disk is full', () => {
    const { status, stderr } = bash(`${lxmert} --help > /dev/full`);
    expect([status, stderr]).toEqual([
      1,
      'lxmert: What was to be printed could not be written whole: The disk is full. Free some space, or name a folder on another disk.\n',
    ]);
  });
});
