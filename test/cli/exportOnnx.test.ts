import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lxmert } from '../support/commandLine.js';
import { writeSmallRun } from '../support/tinyLxmert.js';

const folder = mkdtempSync(path.join(tmpdir(), 'cli-export-'));
const at = (...parts: string[]): string => path.join(folder, ...parts);
beforeAll(async () => {
  await writeSmallRun(at('run'));
  await writeSmallRun(at('other'), { seed: 9 });
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('export onnx', () => {
  it('says what it wrote and how to ask it, or as JSON', async () => {
    const { stdout, stderr, exitCode } = await lxmert('export', 'onnx', at('run'), '--out', at('out'));
    expect(exitCode, stderr).toBe(0);
    expect(stdout).toMatch(/^Wrote answers in float32: [\d.]+ kB in .*model\.onnx\./m);
    expect(stdout).toContain(`lxmert answer --model ${at('out')}`);
    const half = ['--precision', 'float16', '--external-data', '--json'];
    const second = await lxmert('export', 'onnx', at('run'), '--out', at('out'), ...half);
    const printed = JSON.parse(second.stdout);
    expect(printed).toMatchObject({
      precision: 'float16',
      file: { path: at('out/onnx/model_fp16.onnx') },
      externalData: { path: at('out/onnx/model_fp16.onnx_data') },
    });
    expect(printed.manifest).toEqual(JSON.parse(readFileSync(at('out/lxmert.json'), 'utf8')));
  });

  it('refuses a folder of another model and files of others as wrong use', async () => {
    await lxmert('export', 'onnx', at('run'), '--out', at('taken'));
    const other = await lxmert('export', 'onnx', at('other'), '--out', at('taken'));
    expect([other.exitCode, other.stderr]).toEqual([
      2,
      expect.stringContaining('the export of another model'),
    ]);
    writeFileSync(at('vocab.txt'), 'mine');
    const foreign = await lxmert('export', 'onnx', at('run'), '--out', folder);
    expect([foreign.exitCode, foreign.stderr]).toEqual([2, expect.stringContaining('no export wrote it')]);
    expect(readFileSync(at('vocab.txt'), 'utf8')).toBe('mine');
    expect(existsSync(at('lxmert.json'))).toBe(false);
  });

  it('writes attention alone, or the pooled vector, and names no command that could not ask it', async () => {
    for (const output of ['attentions', 'pooled']) {
      const words = ['--out', at(output), '--outputs', output];
      const { stdout, stderr, exitCode } = await lxmert('export', 'onnx', at('run'), ...words);
      expect(exitCode, stderr).toBe(0);
      expect(stdout).toContain(`Wrote ${output} in float32`);
      expect(stdout).not.toContain('Ask it');
    }
  });

  it('refuses an output that the model has no head for', async () => {
    const words = ['--out', at('none'), '--outputs', 'matching'];
    const { stderr, exitCode } = await lxmert('export', 'onnx', at('run'), ...words);
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining('has no matching head')]);
    expect(existsSync(at('none'))).toBe(false);
  });
});
