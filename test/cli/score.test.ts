/** @file The score commands as a user meets them: text, JSON, refusals and their exit codes. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, describe, expect, it } from 'vitest';
import { catalogue } from '../../src/cli/catalogue.js';
import { runCommandLine } from '../../src/cli/program.js';
import { textOf } from '../support/commandLine.js';

const folder = mkdtempSync(path.join(tmpdir(), 'score-cli-'));
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, content: unknown): string {
  const file = path.join(folder, name);
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
}

async function score(...words: string[]): Promise<{ stdout: string; stderr: string; exitCode: number }> {
  const [out, err] = [new PassThrough(), new PassThrough()];
  const streams = { stdout: out, stderr: err } as unknown as Record<'stdout' | 'stderr', NodeJS.WriteStream>;
  const exitCode = await runCommandLine(['score', ...words], { ...streams, entries: catalogue });
  return { stdout: textOf(out), stderr: textOf(err), exitCode };
}

describe('score vqa', () => {
  const ten = (...answers: string[]) =>
    Array.from({ length: 10 }, (_, i) => ({ answer: answers[i % answers.length] }));
  const annotations = write('annotations.json', {
    annotations: [
      { question_id: 1, question_type: 'is', answer_type: 'yes/no', answers: ten('yes') },
      {
        question_id: 2,
        question_type: 'what',
        answer_type: 'other',
        answers: ten('A cat', 'dog', 'x', 'y', 'z'),
      },
    ],
  });
  const one = write('one.json', [{ question_id: 2, answer: 'cat' }]);

  it('prints a table, and the same as JSON', async () => {
    const words = ['vqa', one, '--annotations', annotations, '--missing', 'skip'];
    const printed = await score(...words);
    expect(printed, printed.stderr).toMatchObject({ exitCode: 0, stderr: '' });
    expect(printed.stdout).toMatch(
      /^Accuracy 60\.00 % over 1 question\.\nWithout a prediction: 1 question, left out\./,
    );
    expect(printed.stdout).toMatch(/By question type\n {2}what +60\.00 % {2}of 1\n/);
    const json = JSON.parse((await score(...words, '--json')).stdout) as object;
    expect(json).toMatchObject({ numQuestions: 1, numMissing: 1, numPredictions: 1, missing: 'skip' });
  });

  it('ends with 1 and one sentence where a question has no prediction', async () => {
    const stopped = await score('vqa', one, '--annotations', annotations);
    expect(stopped).toMatchObject({ exitCode: 1, stdout: '' });
    expect(stopped.stderr).toContain('has no prediction for 1 question of');
    expect(stopped.stderr).toContain('--missing skip');
  });

  it('takes annotations in shards, and refuses a flag of one value that is given twice', async () => {
    const rows = JSON.parse(readFileSync(annotations, 'utf8')) as { annotations: object[] };
    const shards = rows.annotations.map((each, i) => write(`shard${i}.json`, [each]));
    const both = write('both.json', [
      { question_id: 1, answer: 'yes' },
      { question_id: 2, answer: 'cat' },
    ]);
    const whole = await score('vqa', both, '--annotations', annotations);
    expect(whole.exitCode, whole.stderr).toBe(0);
    expect(await score('vqa', both, ...shards.flatMap((shard) => ['--annotations', shard]))).toEqual(whole);
    expect(await score('vqa', both, '--annotations', shards.join(','))).toEqual(whole);
    const globbed = await score('vqa', both, '--annotations', ...shards);
    expect(globbed).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('Several values of --annotations are given with the flag before each'),
    });
    const twice = await score(
      'vqa',
      both,
      '--annotations',
      annotations,
      '--missing',
      'skip',
      '--missing',
      'wrong',
    );
    expect(twice).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('--missing is given twice') });
  });

  it('ends with 2 without annotations', async () => {
    expect((await score('vqa', one)).exitCode).toBe(2);
    expect((await score('vqa', one, '--annotations', path.join(folder, 'none.json'))).exitCode).toBe(2);
  });
});

describe('score gqa', () => {
  it('prints every metric, and what the others need', async () => {
    const question = {
      answer: 'red',
      isBalanced: true,
      question: 'Which color?',
      types: { structural: 'query', semantic: 'attr', detailed: 'chooseAttr' },
      groups: { global: 'color' },
      entailed: [],
      semantic: [],
    };
    const questions = write('questions.json', { '01': question, '02': { ...question, answer: 'blue' } });
    const predictions = write('gqa.json', [
      { questionId: '01', prediction: 'red' },
      { questionId: '02', prediction: 'red' },
    ]);
    const printed = await score('gqa', predictions, '--questions', questions);
    expect(printed, printed.stderr).toMatchObject({ exitCode: 0 });
    expect(printed.stdout).toMatch(
      /^2 balanced questions scored\.\n\n {2}Accuracy +50\.00 %\n {2}Binary +-\n/,
    );
    expect(printed.stdout).toMatch(/Distribution +0\.02 {2}\(lower is better\)/);
    expect(printed.stdout).toMatch(
      /Not computed\n(.*\n)* {2}validity and plausibility: needs the choices file/,
    );
  });
});

describe('score nlvr2', () => {
  it('prints accuracy and consistency', async () => {
    const example = (pair: number) => JSON.stringify({ identifier: `dev-1-${pair}-0`, label: 'True' });
    const questions = write('dev.json', `${example(0)}\n${example(1)}\n`);
    const predictions = write('dev.csv', 'dev-1-0-0,True\ndev-1-1-0,False\ndev-7-0-0,True\n');
    const words = [
      'nlvr2',
      predictions,
      '--questions',
      questions,
      '--balanced',
      questions,
      '--extra',
      'ignore',
    ];
    const printed = await score(...words);
    expect(printed, printed.stderr).toMatchObject({ exitCode: 0 });
    expect(printed.stdout).toContain('Ignored: 1 prediction for examples that are not in the file.');
    expect(printed.stdout).toMatch(/Accuracy +50\.00 %\n {2}Consistency +0\.00 % {2}of 1 sentence\n/);
    expect(printed.stdout).toMatch(/Accuracy, balanced +50\.00 % {2}of 2\n/);
  });
});
