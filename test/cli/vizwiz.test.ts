/** @file VizWiz, the task with two heads, as a user meets it: trained, resumed, scored, predicted, converted. */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CheckpointFile, saveCheckpoint } from '../../src/checkpoint/index.js';
import { lxmertConfig, questionAnsweringModel } from '../../src/model/index.js';
import { scope } from '../../src/torch/index.js';
import { lxmert } from '../support/commandLine.js';
import { overridden } from '../support/overridden.js';
import { needing } from '../support/skips.js';

const folder = mkdtempSync(path.join(tmpdir(), 'vizwiz-cli-'));
const at = (...parts: string[]): string => path.join(folder, ...parts);
afterAll(() => rmSync(folder, { recursive: true }));

const readJson = <T>(file: string): T => JSON.parse(readFileSync(at(file), 'utf8')) as T;

async function succeed(...words: string[]): Promise<string> {
  const { stdout, stderr, exitCode } = await lxmert(...words);
  expect(exitCode, stderr).toBe(0);
  return stdout;
}

/** A tiny model; the learning rate and the number of epochs come behind. */
const finetuning = (output: string, ...more: string[]): string[] =>
  overridden(
    [
      ...'finetune vizwiz --hidden-size 24 --attention-heads 2 --language-layers 1 --vision-layers 1'.split(
        ' ',
      ),
      ...'--cross-layers 1 --batch-size 16 --learning-rate 2e-3 --dropout 0.1 --min-occurrences 2'.split(' '),
      ...['--train', at('train.json'), '--valid', at('val.json')],
      ...['--features', at('train'), '--features', at('minival')],
      ...['--vocab', at('world/vocab.txt'), '--output', at(output)],
    ],
    more,
  );

interface SampleQuestion {
  readonly img_id: string;
  readonly sent: string;
  readonly answer_type: string;
  readonly label: Readonly<Record<string, number>>;
}

interface Annotation {
  readonly image: string;
  readonly question: string;
  readonly answers: readonly { readonly answer: string; readonly answer_confidence: string }[];
  readonly answer_type: string;
  readonly answerable: 0 | 1;
}

/** How many annotators make a soft score. */
const ANNOTATORS: ReadonlyMap<number, number> = new Map([
  [0.3, 1],
  [0.6, 2],
  [0.9, 3],
  [1, 4],
]);

/** VizWiz's form of the sample world: one question an image, a third of them such that no picture answers. */
function annotationsOf(split: string): Annotation[] {
  const questions = readJson<SampleQuestion[]>(`world/vqa/${split}.json`);
  const ofImage = new Map<string, SampleQuestion[]>();
  for (const question of questions) {
    ofImage.set(question.img_id, [...(ofImage.get(question.img_id) ?? []), question]);
  }
  return [...ofImage].map(([image, own], i) => {
    const { sent, label, answer_type: type } = own[i % own.length] as SampleQuestion;
    const isAnswerable = i % 3 !== 0;
    const given = Object.entries(label).flatMap(([answer, score]) =>
      Array<string>(ANNOTATORS.get(score) ?? 0).fill(answer),
    );
    const answers = isAnswerable ? given : ['unsuitable', 'unsuitable'];
    while (answers.length < 10) answers.push(isAnswerable ? (given[0] ?? 'unsuitable') : 'unanswerable');
    return {
      image: `${image}.jpg`,
      question: isAnswerable ? sent : 'Which brand is written on this?',
      answers: answers.slice(0, 10).map((answer) => ({ answer, answer_confidence: 'yes' })),
      answer_type: isAnswerable ? type : 'unanswerable',
      answerable: isAnswerable ? 1 : 0,
    };
  });
}

interface Scores {
  readonly overall: number;
  readonly numQuestions: number;
  readonly byAnswerType: readonly { type: string; score: number; numQuestions: number }[];
  readonly measures: Readonly<Record<'averagePrecision' | 'f1', { title: string; value: number }>>;
}

interface EpochLine {
  readonly epoch?: number;
  readonly meanLoss?: number;
  readonly meanLosses?: Readonly<Record<'answer' | 'answerability', number>>;
}

/** Every tensor's bytes by name. */
async function weightsOf(file: string): Promise<Map<string, Uint8Array>> {
  const checkpoint = await CheckpointFile.open(at(file));
  return scope(
    () =>
      new Map(
        [...checkpoint.entries.keys()].map((name) => [
          name,
          new Uint8Array(checkpoint.tensor(name).toFloat32Array().buffer),
        ]),
      ),
  );
}

needing('program').describe('VizWiz', () => {
  beforeAll(async () => {
    await succeed('sample', at('world'), '--num-images', '60', '--num-boxes', '6', '--seed', '5');
    for (const split of ['train', 'minival']) {
      await succeed('features', 'convert', at(`world/features/${split}_obj36.tsv`), at(split));
    }
    const train = annotationsOf('train');
    const val = annotationsOf('minival');
    writeFileSync(at('train.json'), JSON.stringify(train));
    writeFileSync(at('val.json'), JSON.stringify(val));
    const test = val.map(({ image, question }) => ({ image, question }));
    writeFileSync(at('test.json'), JSON.stringify(test));
    await succeed(...finetuning('run', '--epochs', '8'));
  }, 120_000);

  it('trains both heads, and leaves their scores', () => {
    expect(readJson<object>('run/config.json')).toMatchObject({
      task: 'vizwiz',
      settings: { loss: 'soft', batchSize: 16 },
    });
    // Answers of two training questions or more, the most frequent first.
    const counts = new Map<string, number>();
    for (const { answers } of readJson<Annotation[]>('train.json')) {
      for (const answer of new Set(answers.map((each) => each.answer))) {
        counts.set(answer, (counts.get(answer) ?? 0) + 1);
      }
    }
    const frequent = [...counts].filter(([, count]) => count >= 2).map(([answer]) => answer);
    const table = readJson<string[]>('run/trainval_label2ans.json');
    expect([...table].sort()).toEqual(frequent.sort());
    expect(frequent.length).toBeLessThan(counts.size);

    const lines = readFileSync(at('run/metrics.jsonl'), 'utf8').trim().split('\n');
    const epochs = lines
      .map((line) => JSON.parse(line) as EpochLine)
      .filter(({ epoch, meanLosses }) => epoch !== undefined && meanLosses !== undefined);
    expect(epochs).toHaveLength(8);
    const [first, last] = [epochs[0]?.meanLosses, epochs.at(-1)?.meanLosses];
    expect(last?.answer).toBeLessThan(0.7 * (first?.answer ?? 0));
    expect(last?.answerability).toBeLessThan(0.7 * (first?.answerability ?? 0));
    for (const { meanLoss, meanLosses } of epochs) {
      expect(meanLoss).toBeCloseTo((meanLosses?.answer ?? 0) + (meanLosses?.answerability ?? 0), 4);
    }

    const scores = readJson<Scores>('run/scores.json');
    expect(scores.byAnswerType.map(({ type }) => type)).toContain('unanswerable');
    // The words of the question tell: what cannot be answered is found.
    expect(scores.measures.averagePrecision.value).toBeGreaterThan(0.95);
    expect(scores.measures.f1.value).toBeGreaterThan(0.9);
    expect(scores.overall).toBeGreaterThan(0.4);
  });

  it('evaluates, predicts and scores officially, with the same numbers', async () => {
    const shared = ['--model', at('run'), '--features', at('minival')];
    const scores = readJson<Scores>('run/scores.json');
    const { overall, numQuestions, byAnswerType, measures } = scores;
    const evaluated = JSON.parse(
      await succeed('evaluate', 'vizwiz', at('val.json'), ...shared, '--json'),
    ) as object;
    const numbers = { averagePrecision: measures.averagePrecision.value, f1: measures.f1.value };
    expect(evaluated).toMatchObject({ accuracy: overall, numQuestions, byAnswerType, ...numbers });
    const text = await succeed('evaluate', 'vizwiz', at('val.json'), ...shared);
    expect(text).toMatch(/^Accuracy \d+\.\d\d % over \d+ questions/);
    expect(text).toMatch(/\nAverage precision of unanswerable questions \d+\.\d\d %\./);

    // The test split has no answers, and its questions are the same.
    await succeed('predict', 'vizwiz', at('test.json'), ...shared, '--output', at('predict.json'));
    const rows = readJson<Record<string, string | number>[]>('predict.json');
    const annotations = readJson<Annotation[]>('val.json');
    expect(rows.map(({ image }) => image)).toEqual(annotations.map(({ image }) => image));
    for (const row of rows) expect(Object.keys(row)).toEqual(['answer', 'answerable', 'image']);

    const words = ['score', 'vizwiz', at('predict.json'), '--annotations', at('val.json')];
    const scored = JSON.parse(await succeed(...words, '--json')) as Scores;
    expect(scored).toMatchObject({ ...numbers, notComputed: [], numMissing: 0 });
    expect((scored as unknown as { accuracy: number }).accuracy).toBeCloseTo(overall, 12);
    const printed = await succeed(...words);
    expect(printed).toMatch(/^\d+ questions scored\.\n\n {2}Accuracy +\d+\.\d\d %\n {2}Average precision +/);
    expect(printed).toContain('  unanswerable  ');

    // Worked out here from the file: ten annotators, nothing in these answers to normalise.
    const own = annotations.map(({ answers }, i) => {
      const count = answers.filter(({ answer }) => answer === rows[i]?.answer).length;
      return [0, 0.3, 0.6, 0.9][count] ?? 1;
    });
    expect(own.reduce((sum, score) => sum + score, 0) / own.length).toBeCloseTo(overall, 12);
  });

  it('says what is missing of predictions and of annotations', async () => {
    writeFileSync(at('answers.json'), JSON.stringify([{ image: 'nowhere.jpg', answer: 'red' }]));
    const apart = await lxmert('score', 'vizwiz', at('answers.json'), '--annotations', at('val.json'));
    expect(apart).toMatchObject({ exitCode: 1, stdout: '' });
    expect(apart.stderr).toContain('Are they of the same split?');
    const unlabelled = await lxmert('score', 'vizwiz', at('predict.json'), '--annotations', at('test.json'));
    expect(unlabelled.exitCode).toBe(1);
    expect(unlabelled.stderr).toContain(
      "has no answers, as in the test split, which only the challenge's server",
    );
    const rows = readJson<{ image: string; answerable: number }[]>('predict.json');
    const part = rows.slice(1).map(({ image, answerable }) => ({ image, answerable }));
    writeFileSync(at('part.json'), JSON.stringify(part));
    const words = ['score', 'vizwiz', at('part.json'), '--annotations', at('val.json')];
    expect((await lxmert(...words)).stderr).toContain('has no prediction for 1 question of');
    expect(await succeed(...words, '--missing', 'skip')).toContain(
      "accuracy: needs 'answer' in the predictions",
    );
    const [, ...otherFlags] = finetuning('never', '--epochs', '1', '--min-occurrences', '999');
    const rare = await lxmert('finetune', ...otherFlags);
    expect(rare.exitCode).toBe(1);
    expect(rare.stderr).toContain('No answer is in the labels of 999 training examples or more');
  });

  it('survives conversion to Hugging Face and back, names and bytes, and both files name the head', async () => {
    await succeed('checkpoint', 'convert', at('run/LAST.pth'), at('hf.safetensors'), '--to', 'huggingface');
    await succeed('checkpoint', 'convert', at('hf.safetensors'), at('back.pth'), '--to', 'reference');
    const before = await weightsOf('run/LAST.pth');
    const back = await CheckpointFile.open(at('back.pth'));
    const original = await CheckpointFile.open(at('run/LAST.pth'));
    const namesOf = ({ parsed }: CheckpointFile): string[] => parsed.entries.map(({ name }) => name);
    expect(namesOf(back)).toEqual(namesOf(original));
    expect(namesOf(back)).toContain('answerability_head.logit_fc.0.weight');
    expect(await weightsOf('back.pth')).toEqual(before);
    for (const file of ['run/LAST.pth', 'hf.safetensors', 'back.pth']) {
      expect(await succeed('checkpoint', 'info', at(file)), file).toContain('answerability_head');
    }
  });

  it('is not taken for a model of another task, nor another for it', async () => {
    const pairs = [{ identifier: 'dev-0-0-0', img0: 'a', img1: 'b', sent: 'Both.', label: 1 }];
    writeFileSync(at('pairs.json'), JSON.stringify(pairs));
    const shared = ['--model', at('run'), '--features', at('minival')];
    const asPairs = await lxmert('evaluate', 'nlvr2', at('pairs.json'), ...shared);
    expect(asPairs.exitCode).not.toBe(0);
    expect(asPairs.stderr).toMatch(
      /has a head of \d+ answers, but NLVR2 has 2\. Name a model that was fine-tuned for NLVR2\./,
    );
    const answers = ['--answers', at('run/trainval_label2ans.json'), '--vocab', at('world/vocab.txt')];
    await saveWithoutSecondHead('plain.pth');
    const plain = await lxmert(
      ...['evaluate', 'vizwiz', at('val.json'), '--model', at('plain.pth'), '--features', at('minival')],
      ...['--attention-heads', '2', ...answers],
    );
    expect(plain.exitCode).toBe(1);
    expect(plain.stderr).toContain(
      "plain.pth has no head called 'answerability_head', which VizWiz needs. Name a model that was fine-tuned for VizWiz.",
    );
  });

  /** Weights of a model that only answers, of the size and the answers of the run. */
  async function saveWithoutSecondHead(
    name: string,
    family: 'reference-finetuned' | 'reference-pretraining' = 'reference-finetuned',
  ): Promise<void> {
    const { model: config } = readJson<{ model: Parameters<typeof lxmertConfig>[0] }>('run/config.json');
    const numAnswers = readJson<string[]>('run/trainval_label2ans.json').length;
    using model = questionAnsweringModel(lxmertConfig(config), numAnswers);
    await saveCheckpoint(at(name), model.namedParameters(), family);
  }

  it('starts known answers from a pre-trained head, and draws the other head anew', async () => {
    await saveWithoutSecondHead('pretrained.pth', 'reference-pretraining');
    const table = readJson<string[]>('run/trainval_label2ans.json');
    // All but the first are known.
    const known = ['what no picture shows', ...table.slice(1)];
    writeFileSync(at('all_ans.json'), JSON.stringify(known.map((ans) => ({ ans, dsets: ['vqa'] }))));
    const { stderr, exitCode } = await lxmert(
      ...['finetune', 'vizwiz', '--train', at('train.json'), '--valid', at('val.json')],
      ...['--features', at('train'), '--features', at('minival'), '--vocab', at('world/vocab.txt')],
      ...['--load-with-answers', at('pretrained.pth'), '--pretraining-answers', at('all_ans.json')],
      ...['--attention-heads', '2', '--min-occurrences', '2', '--learning-rate', '1e-12', '--epochs', '1'],
      ...['--batch-size', '16'],
      ...['--output', at('warm')],
    );
    expect(exitCode, stderr).toBe(0);
    const log = readFileSync(at('warm/log.log'), 'utf8');
    expect(log).toContain(`${table.length - 1} of ${table.length} answers start from the pre-trained head`);
    // Weights of the first step are those that the last step has, for all that a float32 can tell.
    const [trained, given] = [await weightsOf('warm/LAST.pth'), await weightsOf('pretrained.pth')];
    const numbers = (bytes: Uint8Array = new Uint8Array()): number[] => [
      ...new Float32Array(bytes.buffer as ArrayBuffer),
    ];
    const dense = numbers(trained.get('bert.pooler.dense.weight'));
    const expected = numbers(given.get('bert.pooler.dense.weight'));
    expect(dense.length).toBe(24 * 24);
    expect(Math.max(...dense.map((value, i) => Math.abs(value - (expected[i] ?? 0))))).toBeLessThan(1e-6);
    const drawn = numbers(trained.get('answerability_head.logit_fc.0.weight'));
    const spread = Math.sqrt(drawn.reduce((sum, value) => sum + value * value, 0) / drawn.length);
    expect(drawn.length).toBe(48 * 24);
    // The encoder's and the heads' first weights are normal, with a standard deviation of 0.02.
    expect(spread).toBeCloseTo(0.02, 2);
  });

  it('killed and resumed gives the same bits as a run that was not', async () => {
    const program = path.resolve('dist/src/cli/main.js');
    const words = (output: string, ...more: string[]): string[] => [
      program,
      ...finetuning(output, '--epochs', '3', '--snapshot-steps', '2', ...more),
    ];
    const whole = spawnSync(process.execPath, words('whole'), { encoding: 'utf8' });
    expect(whole.status, whole.stderr).toBe(0);
    const child: ChildProcess = spawn(process.execPath, words('killed'), { stdio: 'ignore' });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    const hasSnapshot = (): boolean =>
      existsSync(at('killed/snapshots')) &&
      readdirSync(at('killed/snapshots')).some((name) => /^step-\d+\.json$/.test(name));
    while (!hasSnapshot() && child.exitCode === null) await setTimeout(5);
    child.kill('SIGKILL');
    await ended;
    const resumed = spawnSync(process.execPath, words('killed', '--resume'), { encoding: 'utf8' });
    expect(resumed.status, resumed.stderr).toBe(0);
    expect(resumed.stderr).toMatch(/Resumed after step \d+/);
    expect(await weightsOf('killed/LAST.pth')).toEqual(await weightsOf('whole/LAST.pth'));
    expect(readFileSync(at('killed/scores.json'))).toEqual(readFileSync(at('whole/scores.json')));
  }, 60_000);
});
