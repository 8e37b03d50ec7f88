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
    const toFile = ['--output', at('gqa_predict.json'), '--check'];
    const said = await succeed('predict', 'gqa', at('gqa-minival.json'), ...shared, ...toFile);
    expect(said).toMatch(/\d+ results, one for each question, in the form that the test server reads\./);
    const ofOthers = ['check', at('gqa_predict.json'), '--for', 'vqa', '--questions', at('gqa-minival.json')];
    const refused = await lxmert(...ofOthers);
    expect(refused.exitCode).toBe(1);
    expect(refused.stdout).toContain('would be refused, or scored as wrong, for 2 reasons.');
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
    const pictures = ['--features', at('minival'), '--images', at('world/images/minival')];
    const questions = ['--questions', at('custom-minival.jsonl'), '--num-examples', '2'];
    const report = await succeed('report', at('custom'), ...pictures, ...questions, '--weights', 'LAST');
    expect(report).toContain('report.html');
    expect(readFileSync(at('custom/report.html'), 'utf8').match(/<img /g)).toHaveLength(4);
    const ranked = [...shared, '--output', at('ranked.jsonl'), '--top', '3'];
    await succeed('predict', 'custom', at('custom-minival.jsonl'), ...ranked);
    const lines = readFileSync(at('ranked.jsonl'), 'utf8').trim().split('\n');
    const answers = readFileSync(at('own.jsonl'), 'utf8').trim().split('\n');
    for (const [i, line] of lines.entries()) {
      const { answers: top, ...rest } = JSON.parse(line) as {
        answers: { answer: string; probability: number }[];
      };
      expect(JSON.stringify(rest)).toBe(answers[i]);
      expect(top[0]).toMatchObject({ answer: (rest as { answer?: string }).answer });
      expect(top).toHaveLength(3);
      const probabilities = top.map(({ probability }) => probability);
      expect(probabilities).toEqual([...probabilities].sort((a, b) => b - a));
    }
    const given = ['--output', at('chosen.jsonl'), '--choices', 'Yes, unheard of'];
    const said = await succeed('predict', 'custom', at('custom-minival.jsonl'), ...shared, ...given);
    expect(said).toContain("1 choice not among the model's answers, so never chosen");
    for (const line of readFileSync(at('chosen.jsonl'), 'utf8').trim().split('\n'))
      expect(JSON.parse(line)).toMatchObject({ answer: 'Yes' });
    const own = ['predict', 'custom', at('custom-minival.jsonl'), ...shared, '--output', at('none.jsonl')];
    const withoutChoices = await lxmert(...own, '--own-choices');
    expect(withoutChoices.stderr).toMatch(/has no choices: a list of texts under its key 'choices'/);
    expect((await lxmert(...own, '--own-choices', '--top', '2')).exitCode).toBe(2);
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

  it('examples without features stop an evaluation, with ids and the way on, unless they may be left out', async () => {
    const questions = JSON.parse(readFileSync(at('gqa-minival.json'), 'utf8')) as VqaRecord[];
    const renamed = questions.map((each, i) => (i < 3 ? { ...each, img_id: `${each.img_id}.jpg` } : each));
    writeFileSync(at('renamed.json'), JSON.stringify(renamed));
    const command = ['evaluate', 'gqa', at('renamed.json'), '--model', at('gqa'), '--weights', 'LAST'];
    const refused = await lxmert(...command, '--features', at('minival'));
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toContain(`3 of ${questions.length} examples`);
    expect(refused.stderr).toContain(
      `differs from '${renamed[0]?.img_id}' only by the ending of the picture's file`,
    );
    const allowed = await succeed(...command, '--features', at('minival'), '--max-left-out', '50%', '--json');
    expect(JSON.parse(allowed)).toMatchObject({
      numQuestions: questions.length - 3,
      numWithoutImage: 3,
      firstWithoutImage: [...new Set(renamed.slice(0, 3).map(({ img_id }) => img_id))],
    });
    // None at all is nothing to score, whatever is allowed.
    const none = await lxmert(
      ...command.with(2, at('gqa-minival.json')),
      '--features',
      at('train'),
      '--max-left-out',
      'all',
    );
    expect([none.exitCode, none.stderr]).toEqual([1, expect.stringContaining('None of the')]);
    const absurd = await lxmert(...command, '--features', at('minival'), '--max-left-out', '2');
    expect([absurd.exitCode, absurd.stderr]).toEqual([
      2,
      expect.stringContaining("a share from 0 to 1 (0.05), a percentage (5%), or 'all'"),
    ]);
  });

  it('examples without features stop a training before its first step, and its log names those that may go', async () => {
    const small = [
      '--batch-size',
      '16',
      '--hidden-size',
      '24',
      '--attention-heads',
      '2',
      '--language-layers',
      '1',
    ];
    const command = [
      ...[
        'finetune',
        'gqa',
        ...splits('gqa', 'json'),
        ...answers(),
        '--vocab',
        at('world/vocab.txt'),
        '--epochs',
        '1',
      ],
      ...['--vision-layers', '1', '--cross-layers', '1', ...small, '--output', at('left-out')],
    ];
    const lines = readFileSync(at('gqa-train.json'), 'utf8');
    const [first] = JSON.parse(lines) as VqaRecord[];
    writeFileSync(at('odd.json'), lines.replaceAll(`"${first?.img_id}"`, '"1234"'));
    const odd = command.with(3, at('odd.json'));
    const features = ['--features', at('train'), '--features', at('minival')];
    const refused = await lxmert(...odd, ...features);
    expect([refused.exitCode, refused.stderr]).toEqual([
      1,
      expect.stringMatching(/at most 1 % may be left out: '1234'\./),
    ]);
    expect(existsSync(at('left-out'))).toBe(false);
    const { leftOut } = JSON.parse(await succeed(...odd, ...features, '--max-left-out', '0.2', '--json')) as {
      leftOut: object;
    };
    expect(leftOut).toMatchObject({
      training: { firstWithoutImage: ['1234'] },
      validation: { numWithoutImage: 0, firstWithoutImage: [] },
    });
    expect(readFileSync(at('left-out/log.log'), 'utf8')).toMatch(/left out: .*\('1234'\)/);
  });

  it('files without labels stop a training before its first step, and an evaluation', async () => {
    const vqa = readVqa('minival');
    const without = (name: string, rows: readonly object[]): string => {
      writeFileSync(at(name), JSON.stringify(rows));
      return at(name);
    };
    const misspelt = without(
      'misspelt.json',
      vqa.map(({ label, ...row }) => ({ ...row, labels: label })),
    );
    const empty = without(
      'empty.json',
      vqa.map((row) => ({ ...row, label: {} })),
    );
    const half = without(
      'half.json',
      vqa.map(({ label, ...row }, i) => (i % 2 === 0 ? row : { ...row, label })),
    );
    const train = (training: string, valid: string) =>
      lxmert(
        ...[
          'finetune',
          'vqa',
          '--train',
          training,
          '--valid',
          valid,
          ...answers(),
          '--vocab',
          at('world/vocab.txt'),
        ],
        ...['--features', at('train'), '--features', at('minival'), '--output', at('never')],
      );
    const whole = at('world/vqa/minival.json');
    for (const [training, valid, message] of [
      [misspelt, whole, /No example of .* has a label.*the key 'labels', which is not read/],
      [whole, misspelt, /misspelt\.json' has a label.*the key 'labels'/],
      [empty, whole, /labels of all .* are empty/],
      [half, whole, /\(50\.. %\) of 'half\.json' have no label, the first with the id/],
      [whole, half, /'half\.json' have no label/],
    ] as const) {
      const { exitCode, stderr } = await train(training, valid);
      expect([exitCode, stderr]).toEqual([1, expect.stringMatching(message)]);
    }
    expect(existsSync(at('never'))).toBe(false);
    const statements = JSON.parse(readFileSync(at('nlvr2-train.json'), 'utf8')) as { label?: number }[];
    const unlabelled = without(
      'nlvr2-test.json',
      statements.map(({ label: _, ...row }) => row),
    );
    const judged = await lxmert(
      ...[
        'evaluate',
        'nlvr2',
        unlabelled,
        '--model',
        at('nlvr2'),
        '--weights',
        'LAST',
        '--features',
        at('train'),
      ],
    );
    expect([judged.exitCode, judged.stderr]).toEqual([
      1,
      expect.stringMatching(/has a label.*lxmert predict/),
    ]);
  });

  it('own data: answers that differ in capitals or blanks are one, which the log says', async () => {
    const respell = (split: string): string => {
      const lines = readFileSync(at(`custom-${split}.jsonl`), 'utf8').replaceAll('"yes"', '"Yes "');
      // Some of the training examples keep the usual spelling, and most of them decide.
      const kept = lines
        .split('\n')
        .map((line, i) => (i % 3 === 0 ? line : line.replaceAll('"Yes "', '"yes"')));
      writeFileSync(at(`spelled-${split}.jsonl`), kept.join('\n'));
      return at(`spelled-${split}.jsonl`);
    };
    await finetune(
      'custom',
      'spelled',
      '--train',
      respell('train'),
      '--valid',
      respell('minival'),
      '--epochs',
      '1',
    );
    const table = JSON.parse(readFileSync(at('spelled/trainval_label2ans.json'), 'utf8')) as string[];
    expect(table.filter((answer) => answer.trim().toLowerCase() === 'yes')).toEqual(['yes']);
    expect(readFileSync(at('spelled/log.log'), 'utf8')).toContain("'Yes ' as 'yes'");
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
