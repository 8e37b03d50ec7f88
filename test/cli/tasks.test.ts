/** @file Training, evaluation and prediction of tasks other than VQA, ensembles, as a user meets them. */

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { lxmert } from '../support/commandLine.js';
import { needing } from '../support/skips.js';

const folder = mkdtempSync(path.join(tmpdir(), 'tasks-cli-'));
const at = (...parts: string[]): string => path.join(folder, ...parts);
afterAll(() => rmSync(folder, { recursive: true }));

async function succeed(...words: string[]): Promise<string> {
  const { stdout, stderr, exitCode } = await lxmert(...words);
  expect(exitCode, stderr).toBe(0);
  return stdout;
}

/** Trains a tiny model for an epoch or some. */
function finetune(task: string, output: string, ...more: string[]): Promise<string> {
  return succeed(
    ...`finetune ${task} --hidden-size 24 --attention-heads 2 --language-layers 1 --vision-layers 1`.split(
      ' ',
    ),
    ...'--cross-layers 1 --batch-size 16 --learning-rate 2e-3'.split(' '),
    ...['--features', at('train'), '--features', at('minival'), '--vocab', at('world/vocab.txt')],
    ...['--output', at(output), ...more],
  );
}

interface VqaRecord {
  readonly img_id: string;
  readonly sent: string;
  readonly question_id: string | number;
  readonly label: Readonly<Record<string, number>>;
}

const readVqa = (split: string): VqaRecord[] =>
  JSON.parse(readFileSync(at(`world/vqa/${split}.json`), 'utf8')) as VqaRecord[];

needing('bridge').describe('the tasks', () => {
  beforeAll(async () => {
    await succeed('sample', at('world'), '--num-images', '40', '--num-boxes', '6', '--seed', '3');
    for (const split of ['train', 'minival']) {
      await succeed('features', 'convert', at(`world/features/${split}_obj36.tsv`), at(split));
    }
    // GQA's form of the VQA questions: ids are strings, one right answer; and statements about two images each.
    for (const split of ['train', 'minival']) {
      const questions = readVqa(split);
      const best = (label: VqaRecord['label']): string =>
        Object.entries(label).sort(([, a], [, b]) => b - a)[0]?.[0] ?? '';
      const gqa = questions
        .filter(({ label }) => best(label) !== '')
        .map(({ img_id, sent, question_id, label }) => ({
          img_id,
          sent,
          question_id: `0${question_id}`,
          label: { [best(label)]: 1 },
        }));
      writeFileSync(at(`gqa-${split}.json`), JSON.stringify(gqa));
      const images = [...new Set(questions.map(({ img_id }) => img_id))];
      const statements = images.slice(1).map((image, i) => ({
        identifier: `${split}-${i}-0-0`,
        img0: i % 2 === 0 ? image : images[0],
        img1: i % 2 === 0 ? images[0] : image,
        sent: 'The left picture is the same as ever.',
        label: i % 2,
      }));
      writeFileSync(at(`nlvr2-${split}.json`), JSON.stringify(statements));
      writeFileSync(
        at(`custom-${split}.jsonl`),
        gqa
          .map(({ img_id, sent, question_id, label }) =>
            JSON.stringify({ id: question_id, image: img_id, text: sent, labels: label }),
          )
          .join('\n'),
      );
    }
  }, 120_000);

  const answers = (): string[] => ['--answers', at('world/vqa/trainval_label2ans.json')];
  const splits = (prefix: string, ending: string): string[] => [
    ...['--train', at(`${prefix}-train.${ending}`), '--valid', at(`${prefix}-minival.${ending}`)],
  ];

  it('GQA: ids stay strings, and both losses train', async () => {
    await finetune('gqa', 'gqa', ...splits('gqa', 'json'), ...answers(), '--epochs', '1');
    await finetune('gqa', 'mce', ...splits('gqa', 'json'), ...answers(), '--epochs', '1', '--mce-loss');
    expect(JSON.parse(readFileSync(at('mce/config.json'), 'utf8'))).toMatchObject({
      task: 'gqa',
      settings: { loss: 'best-answer' },
    });
    const shared = ['--model', at('mce'), '--weights', 'LAST', '--features', at('minival')];
    await succeed('predict', 'gqa', at('gqa-minival.json'), ...shared, '--output', at('gqa_predict.json'));
    const dump = JSON.parse(readFileSync(at('gqa_predict.json'), 'utf8')) as Record<string, string>[];
    const asked = JSON.parse(readFileSync(at('gqa-minival.json'), 'utf8')) as VqaRecord[];
    // In the order of the file, whatever the order they were answered in.
    expect(dump.map(({ questionId }) => questionId)).toEqual(asked.map(({ question_id }) => question_id));
    const table = JSON.parse(readFileSync(at('world/vqa/trainval_label2ans.json'), 'utf8')) as string[];
    for (const { prediction } of dump) expect(table).toContain(prediction);
  });

  it('NLVR2: trains on pairs and writes what the official script reads', async () => {
    await finetune('nlvr2', 'nlvr2', ...splits('nlvr2', 'json'), '--epochs', '2');
    const shared = ['--model', at('nlvr2'), '--weights', 'LAST', '--features', at('train')];
    const scored = JSON.parse(
      await succeed('evaluate', 'nlvr2', at('nlvr2-train.json'), ...shared, '--json'),
    ) as { accuracy: number; numQuestions: number };
    const statements = JSON.parse(readFileSync(at('nlvr2-train.json'), 'utf8')) as object[];
    expect(scored.numQuestions).toBe(statements.length);
    await succeed('predict', 'nlvr2', at('nlvr2-train.json'), ...shared, '--output', at('nlvr2.csv'));
    const lines = readFileSync(at('nlvr2.csv'), 'utf8').trim().split('\n');
    for (const line of lines) expect(line).toMatch(/^train-\d+-0-0,(True|False)$/);
    const right = lines.filter((line, i) => line.endsWith(',True') === (i % 2 === 1)).length;
    expect(right / lines.length).toBeCloseTo(scored.accuracy, 10);
  });

  it('own data: answers are built, predictions are lines', async () => {
    await finetune('custom', 'custom', ...splits('custom', 'jsonl'), '--epochs', '1');
    const shared = ['--model', at('custom'), '--weights', 'LAST', '--features', at('minival')];
    await succeed('evaluate', 'custom', at('custom-minival.jsonl'), ...shared);
    await succeed('predict', 'custom', at('custom-minival.jsonl'), ...shared, '--output', at('own.jsonl'));
    const [first = ''] = readFileSync(at('own.jsonl'), 'utf8').split('\n');
    expect(Object.keys(JSON.parse(first) as object)).toEqual(['id', 'answer']);
  });

  it('models of another number of images are refused', async () => {
    const wrong = await lxmert(
      ...['evaluate', 'nlvr2', at('nlvr2-train.json'), '--model', at('gqa'), '--weights', 'LAST'],
      ...['--features', at('train')],
    );
    expect(wrong.exitCode).not.toBe(0);
  });

  const predictGqa = (questions: string, output: string, ...more: string[]) =>
    lxmert(
      ...['predict', 'gqa', at(questions), '--model', at('gqa'), '--weights', 'LAST'],
      ...['--output', at(output), ...more],
    );
  const ofMinival = (): string[] => ['--features', at('minival')];

  it('predictions are whole, or asked for as a part: else nothing is written', async () => {
    const questions = JSON.parse(readFileSync(at('gqa-minival.json'), 'utf8')) as VqaRecord[];
    const none = await predictGqa(
      'gqa-minival.json',
      'none.json',
      '--features',
      at('train'),
      '--max-left-out',
      'all',
    );
    expect([none.exitCode, none.stderr]).toEqual([1, expect.stringContaining('None of the')]);
    const foreign = { ...questions[0], question_id: 'x1', img_id: 'elsewhere' };
    writeFileSync(at('part.json'), JSON.stringify([...questions, foreign]));
    const partial = await predictGqa('part.json', 'partial.json', ...ofMinival());
    expect([partial.exitCode, partial.stderr]).toEqual([1, expect.stringContaining('elsewhere')]);
    expect(partial.stderr).toContain('--max-left-out all');
    expect([existsSync(at('none.json')), existsSync(at('partial.json'))]).toEqual([false, false]);
    const asked = await predictGqa('part.json', 'partial.json', ...ofMinival(), '--max-left-out', 'all');
    expect(asked.exitCode, asked.stderr).toBe(0);
    expect(asked.stdout).toMatch(
      /Wrote \d+ answers.*\n1 of \d+ examples .*elsewhere.* A test server wants an answer to every/,
    );
    expect(JSON.parse(readFileSync(at('partial.json'), 'utf8'))).toHaveLength(questions.length);
    const empty = await predictGqa('nothing.json', 'none.json', ...ofMinival());
    expect(empty.exitCode).toBe(2);
    writeFileSync(at('nothing.json'), '[]');
    const nothing = await predictGqa('nothing.json', 'none.json', ...ofMinival());
    expect([nothing.exitCode, nothing.stderr]).toEqual([
      1,
      expect.stringContaining('There is nothing to answer'),
    ]);
    writeFileSync(at('twice.json'), JSON.stringify([...questions, questions[0]]));
    const twice = await predictGqa('twice.json', 'none.json', ...ofMinival());
    expect([twice.exitCode, twice.stderr]).toEqual([
      1,
      expect.stringContaining(
        `1 id of ${at('twice.json')} is there more than once: ${questions[0]?.question_id}`,
      ),
    ]);
    expect(existsSync(at('none.json'))).toBe(false);
  });

  it('sentences that are cut or empty are counted and named, in predictions and evaluations', async () => {
    const [first, second, third] = JSON.parse(readFileSync(at('gqa-minival.json'), 'utf8')) as VqaRecord[];
    const long =
      'what color is the star that is left of the red ring that is above the square that is blue ?';
    writeFileSync(
      at('long.json'),
      JSON.stringify([{ ...first, sent: long }, { ...second, sent: ' ' }, third]),
    );
    const predicted = await predictGqa('long.json', 'long_predict.json', ...ofMinival());
    expect(predicted.stdout).toContain(
      `Cut: 1 (${first?.question_id}) of 3 sentences, to the 18 word pieces`,
    );
    expect(predicted.stdout).toContain(`Empty: 1 (${second?.question_id}) of 3 sentences`);
    const json = await predictGqa('long.json', 'long_predict.json', ...ofMinival(), '--json');
    const counts = {
      ...{ numWithoutImage: 0, firstWithoutImage: [] },
      ...{ numCut: 1, firstCut: [first?.question_id], numEmpty: 1, firstEmpty: [second?.question_id] },
    };
    expect(JSON.parse(json.stdout)).toMatchObject({ numAnswers: 3, ...counts });
    const evaluated = await succeed(
      ...[
        'evaluate',
        'gqa',
        at('long.json'),
        '--model',
        at('gqa'),
        '--weights',
        'LAST',
        ...ofMinival(),
        '--json',
      ],
    );
    expect(JSON.parse(evaluated)).toMatchObject({ numQuestions: 3, ...counts });
  });

  it('a table with the answers of a run in another order is refused, and one by index is read and said', async () => {
    const table = JSON.parse(readFileSync(at('world/vqa/trainval_label2ans.json'), 'utf8')) as string[];
    writeFileSync(at('reversed.json'), JSON.stringify([...table].reverse()));
    const words = ['evaluate', 'gqa', at('gqa-minival.json'), '--weights', 'LAST', ...ofMinival()];
    const ofFile = [
      '--model',
      at('gqa/LAST.pth'),
      '--vocab',
      at('world/vocab.txt'),
      '--attention-heads',
      '2',
    ];
    for (const model of [['--model', at('gqa')], ofFile]) {
      const refused = await lxmert(...words, ...model, '--answers', at('reversed.json'));
      expect([refused.exitCode, refused.stderr]).toEqual([2, expect.stringContaining('in another order')]);
    }
    writeFileSync(
      at('by-index.json'),
      JSON.stringify(Object.fromEntries(table.map((answer, i) => [i, answer]))),
    );
    const read = await lxmert(...words, ...ofFile, '--answers', at('by-index.json'));
    expect([read.exitCode, read.stderr]).toEqual([
      0,
      expect.stringContaining('is read as an answer table by index'),
    ]);
  });

  it('an ensemble of a model with itself answers as it does alone, and unlike models are refused', async () => {
    const predict = async (output: string, ...models: string[]): Promise<string> => {
      await succeed(
        ...['predict', 'gqa', at('gqa-minival.json'), '--weights', 'LAST', '--features', at('minival')],
        ...models.flatMap((model) => ['--model', at(model)]),
        ...['--output', at(output)],
      );
      return readFileSync(at(output), 'utf8');
    };
    expect(await predict('two.json', 'gqa', 'gqa')).toBe(await predict('one.json', 'gqa'));
    const mixed = await lxmert(
      ...['evaluate', 'gqa', at('gqa-minival.json'), '--weights', 'LAST', '--features', at('minival')],
      ...['--model', at('gqa'), '--model', at('custom')],
    );
    expect([mixed.exitCode, mixed.stderr]).toEqual([2, expect.stringContaining('their answers differ')]);
  });
});
