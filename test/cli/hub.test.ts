/** @file Models by their names as a user meets them: what is said and asked before a fetch, and every place that takes a name. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { catalogue } from '../../src/cli/catalogue.js';
import { runCommandLine } from '../../src/cli/program.js';
import { writeObj36 } from '../../src/features/obj36Writer.js';
import { Lxmert } from '../../src/inference/lxmert.js';
import { findNamedModel } from '../../src/inference/namedModel.js';
import { makeRow } from '../features/support.js';
import { startHub } from '../hub/hubServer.js';
import { textOf } from '../support/commandLine.js';
import { huggingFaceFile, randomPort } from '../support/detectorFiles.js';
import { noisePicture } from '../support/noisePicture.js';
import { writeSavedModel } from '../support/savedModel.js';
import { ANSWERS, SMALL_DETECTOR } from '../support/tinyLxmert.js';

const COMMIT = '0123456789abcdef0123456789abcdef01234567';
const VQA = 'unc-nlp/lxmert-vqa-uncased';
const DETECTOR = 'unc-nlp/frcnn-vg-finetuned';
const folder = mkdtempSync(path.join(tmpdir(), 'cli-hub-'));
const at = (name: string): string => path.join(folder, name);
const hub = await startHub();
const before = { ...process.env };
let numCaches = 0;

afterAll(() => {
  Object.assign(process.env, before);
  delete process.env.HF_ENDPOINT;
  rmSync(folder, { recursive: true });
});
beforeAll(async () => {
  await writeSavedModel(at('saved'), { answers: ANSWERS, weights: 'pytorch_model.bin' });
  const names = ['config.json', 'pytorch_model.bin', 'vocab.txt', 'trainval_label2ans.json'];
  const files = Object.fromEntries(names.map((name) => [name, readFileSync(at(`saved/${name}`))]));
  hub.models.set('org/small', { commit: COMMIT, files });
  hub.models.set(VQA, { commit: COMMIT, files });
  const port = randomPort(SMALL_DETECTOR, 3);
  // Boxes stay at their anchors.
  for (const part of ['weight', 'bias'])
    port.get(`proposal_generator.rpn_head.anchor_deltas.${part}`)?.values.fill(0);
  const detector = huggingFaceFile(port);
  hub.models.set(DETECTOR, { commit: COMMIT, files: { 'pytorch_model.bin': detector } });
  await writeObj36(at('rows.tsv'), [makeRow(1, { featureSize: 7 })]);
  await lxmert(['features', 'convert', at('rows.tsv'), at('store')]);
  await noisePicture(90, 60).png().toFile(at('photo.png'));
});
beforeEach(() => {
  process.env.HF_ENDPOINT = hub.url;
  process.env.HF_HUB_OFFLINE = '0';
  process.env.HF_HOME = at(`home-${numCaches++}`);
  hub.log.length = 0;
});

/** Runs a command line on a terminal where a person types `typed`, or without one. */
async function lxmert(words: readonly string[], typed?: string) {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const isTTY = typed !== undefined;
  if (isTTY) stdin.write(typed);
  const streams = {
    stdin: Object.assign(stdin, { isTTY }),
    stdout,
    stderr: Object.assign(stderr, { isTTY, columns: 80 }),
  };
  const surroundings = {
    ...(streams as unknown as Record<'stdin' | 'stdout' | 'stderr', never>),
    entries: catalogue,
  };
  const exitCode = await runCommandLine(words, surroundings);
  return { stdout: textOf(stdout), stderr: textOf(stderr), exitCode };
}

const ask = (...more: string[]): string[] => [
  'answer',
  'image_1',
  'what color?',
  '--features',
  at('rows.tsv'),
  ...more,
];

describe('a model that is named', () => {
  it('is not fetched where nobody can be asked; what to do is said', async () => {
    const { exitCode, stderr } = await lxmert(ask('--model', 'org/small'));
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(
      /^org\/small \(commit 0123456789abcdef\w+\) has \d+ kB to fetch: pytorch_model\.bin \d+ kB, /m,
    );
    expect(stderr).toContain(
      'there is no terminal to ask on. Give --yes, or fetch it before with: lxmert download org/small',
    );
    expect(hub.log.some((line) => line.includes('/resolve/'))).toBe(false);
  });

  it('is fetched when a person agrees, and then answers without the hub', async () => {
    const no = await lxmert(ask('--model', 'org/small'), 'n\n');
    expect([no.exitCode, no.stderr.includes('Nothing was fetched.')]).toEqual([1, true]);
    const yes = await lxmert(ask('--model', 'org/small'), 'y\n');
    expect(yes.stderr).toContain(
      `from ${hub.url} into ${process.env.HF_HOME}/hub (Python's programs share it)? [y/N]`,
    );
    expect([yes.exitCode, yes.stdout.match(/^ *\d+\.\d % {2}\S+$/gm)?.length]).toEqual([0, 3]);
    process.env.HF_HUB_OFFLINE = '1';
    hub.log.length = 0;
    const again = await lxmert(ask('--model', 'org/small@main'));
    expect([again.exitCode, again.stdout, hub.log]).toEqual([0, yes.stdout, []]);
    expect(again.stderr).toContain(`org/small@main: commit ${COMMIT}.`);
  });

  it('stands for its weights where a file is wanted, and what it is made into has its configuration', async () => {
    const fetched = await lxmert(['download', 'org/small']);
    expect(fetched.stdout).toMatch(
      /^org\/small: downloaded, \d+ kB, commit 0123456789abcdef\w+, .*\/snapshots\//,
    );
    expect((await lxmert(['download', 'org/small'])).stdout).toContain('org/small: already there');
    const info = await lxmert(['checkpoint', 'info', 'org/small', '--json']);
    expect(JSON.parse(info.stdout)).toMatchObject({ kind: 'answers' });
    const saved = await lxmert(['checkpoint', 'info', at('saved'), '--json']);
    expect(JSON.parse(saved.stdout)).toMatchObject({ kind: 'answers' });
    const converted = await lxmert([
      'checkpoint',
      'convert',
      'org/small',
      at('small.safetensors'),
      '--to',
      'huggingface',
    ]);
    expect([converted.exitCode, converted.stdout.includes('with 2 attention heads')]).toEqual([0, true]);
  });

  it('is in the configuration of the run that begins with it, with its commit', async () => {
    await lxmert(['download', 'org/small']);
    writeFileSync(
      at('q.json'),
      JSON.stringify([{ question_id: 1, img_id: 'image_1', sent: 'what?', label: { no: 1 } }]),
    );
    const { exitCode, stderr } = await lxmert([
      ...['finetune', 'vqa', '--train', at('q.json'), '--valid', at('q.json'), '--features', at('store')],
      ...[
        '--answers',
        at('saved/trainval_label2ans.json'),
        '--vocab',
        at('saved/vocab.txt'),
        '--load',
        'org/small',
      ],
      ...['--output', at('run'), '--epochs', '1', '--batch-size', '1'],
    ]);
    expect([exitCode, exitCode === 0 ? '' : stderr]).toEqual([0, '']);
    expect(JSON.parse(readFileSync(at('run/config.json'), 'utf8'))).toMatchObject({
      hub: { load: { name: 'org/small', commit: COMMIT } },
    });
  });

  it('is not looked for on the hub where its first part is a folder here', async () => {
    const { exitCode, stderr } = await lxmert(ask('--model', 'docs/nothing'));
    expect([exitCode, hub.log]).toEqual([2, []]);
    expect(stderr).toContain("there is no file or folder 'docs/nothing'");
  });
});

describe('a question without a model', () => {
  it('is answered by the published one, with its detector for a photo', async () => {
    const features = await lxmert(ask('--yes'));
    expect([features.exitCode, features.stderr.includes(`No model was named: ${VQA}`)]).toEqual([0, true]);
    expect(hub.log.some((line) => line.includes('frcnn'))).toBe(false);
    const photo = await lxmert(['answer', at('photo.png'), 'what color?', '--yes']);
    expect(photo.stderr).toContain('is the detector for 10 to 100 regions');
    // Small as the test's detector is, it is none of the published size.
    expect(photo.stderr).toMatch(/frcnn-vg-finetuned\/snapshots\/\w+\/pytorch_model\.bin/);
    expect(photo.exitCode).toBe(1);
  });

  it('says both sizes before', async () => {
    const { exitCode, stderr } = await lxmert(['answer', at('photo.png'), 'what color?']);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(`${VQA} (commit ${COMMIT}) has`);
    expect(stderr).toContain(`${DETECTOR} (commit ${COMMIT}) has`);
    expect(stderr).toContain(`lxmert download ${VQA} ${DETECTOR}`);
  });
});

it('a program names models and detectors likewise', async () => {
  using lxmert = await Lxmert.load({ model: 'org/small', detector: DETECTOR, architecture: SMALL_DETECTOR });
  const { answers } = await lxmert.answer(at('photo.png'), 'what color?');
  expect(answers.map(({ answer }) => answer)).toEqual(expect.arrayContaining([expect.any(String)]));
  expect(lxmert.warnings.join(' ')).toContain('is the detector for 10 to 100 regions');
  const place = await findNamedModel('org/small', { offline: true });
  expect(place).toMatch(/models--org--small\/snapshots\/0123456789abcdef/);
  expect(await findNamedModel(at('saved'))).toBe(at('saved'));
});
