/** @file The built program on a machine without libtorch: what runs there, and what the rest says. */

import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { LxmertClient } from '../../src/serve/client.js';
import { startServing } from '../support/servedProgram.js';
import { needing } from '../support/skips.js';

const folder = mkdtempSync(path.join(tmpdir(), 'cli-without-libtorch-'));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string): string => path.join(folder, name);

const scene = 'assets/sample-scenes/scene-3.png';

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
    const { exitCode } = await lxmert('sample', at('world'), '--num-images', '20', '--num-boxes', '8');
    expect(exitCode).toBe(0);
    expect(existsSync(at('world/vqa/train.json'))).toBe(true);
  });

  it('lxmert answer asks the model that comes along about a scene that comes along', async () => {
    const { exitCode, stdout, stderr } = await lxmert('answer', '--sample', '3', 'What color is the circle?');
    expect(stdout).toMatch(/^ *\d\d\.\d % {2}red\n/);
    expect(stderr).toContain('No model was named');
    expect(exitCode).toBe(0);
  });

  it('lxmert answer wants one question and one picture', async () => {
    const sampled = await lxmert('answer', '--sample', '3', 'scene.png', 'What color is the circle?');
    expect(sampled).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/the question alone/) as string,
    });
    const bare = await lxmert('answer', 'What color is the circle?');
    expect(bare).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/The question is missing/) as string,
    });
  });

  it.each([
    [
      'assets/sample-model/lxmert.json',
      /is one file of an exported model.* Say --model assets\/sample-model$/,
    ],
    ['assets/sample-model/onnx/model_quantized.onnx', /is one file of .* Say --model assets\/sample-model$/],
    ['assets/sample-model#bert', /names a part of an exported model.* Say --model assets\/sample-model$/],
    ['half', /has ONNX graphs, but no lxmert\.json.*not copied whole/],
    ['half/onnx/model_quantized.onnx', /is an ONNX graph without the lxmert\.json/],
  ])('of %s as --model it says what to name, and not to set libtorch up', async (model, message) => {
    cpSync('assets/sample-model', at('half'), { recursive: true });
    rmSync(at('half/lxmert.json'));
    const named = model.startsWith('half') ? at(model) : model;
    const { exitCode, stderr } = await lxmert('answer', scene, 'What color is the circle?', '--model', named);
    expect(stderr.trimEnd()).toMatch(message);
    expect(exitCode).toBe(2);
  });

  it('lxmert explain does not write its page over the picture', async () => {
    cpSync(scene, at('scene.png'));
    const asked = ['explain', at('scene.png'), 'What color is the circle?', '--model', 'assets/sample-model'];
    const { exitCode, stderr } = await lxmert(...asked, '--output', at('scene.png'));
    expect(stderr).toMatch(/would take the place of the picture/);
    expect(exitCode).toBe(2);
    expect(readFileSync(at('scene.png'))).toEqual(readFileSync(scene));
  });

  it('lxmert predict answers a file', async () => {
    const words = ['predict', 'vqa', at('world/vqa/train.json'), '--model', 'assets/sample-model'];
    const features = ['--features', at('world/features/train'), '--output', at('answers.json')];
    expect(await lxmert(...words, ...features)).toMatchObject({ exitCode: 0 });
    const answers = JSON.parse(readFileSync(at('answers.json'), 'utf8')) as object[];
    expect(answers.length).toBeGreaterThan(100);
  });

  it('lxmert serve answers over HTTP', async () => {
    await using server = await startServing([], { LXMERT_NATIVE: at('no-bridge.node') });
    const { address } = server;
    const client = new LxmertClient(address);
    const picture = new Blob([readFileSync('assets/sample-scenes/scene-3.png')]);
    const { results } = await client.answer(picture, ['What color is the circle?']);
    expect(results[0]?.answers[0]?.answer).toBe('red');
    const health = await fetch(`${address}/healthz`);
    expect(health.status).toBe(200);
    const metrics = await (await fetch(`${address}/metrics`)).text();
    expect(metrics).toMatch(/^lxmert_requests_total.*v1\/answer.* 1$/m);
  }, 60_000);

  it('lxmert doctor lists what there is, and that it is enough to answer', async () => {
    const { exitCode, stdout } = await lxmert('doctor', '--no-measure');
    expect(stdout).toMatch(/^libtorch +none$/m);
    expect(stdout).toMatch(/^onnxruntime-web +1\.\d+\.\d+ \(WebAssembly/m);
    expect(stdout).toMatch(/^sample model +whole, int8$/m);
    expect(stdout).toMatch(/^note: libtorch is not set up here/m);
    expect(exitCode).toBe(0);
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
