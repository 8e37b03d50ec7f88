/** @file Exported folders as `--model`: the commands print and write what they do with the run that was exported. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { lxmert } from '../support/commandLine.js';
import { needing } from '../support/skips.js';
import { writeSmallRun } from '../support/tinyLxmert.js';

const folder = mkdtempSync(path.join(tmpdir(), 'cli-exported-'));
const at = (...parts: string[]): string => path.join(folder, ...parts);
afterAll(() => rmSync(folder, { recursive: true }));
const scene = 'assets/sample-scenes/scene-3.png';

async function succeed(...words: string[]): Promise<string> {
  const { stdout, stderr, exitCode } = await lxmert(...words);
  expect(exitCode, stderr).toBe(0);
  return stdout;
}

const exported = (run: string, ...more: string[]): Promise<string> =>
  succeed('export', 'onnx', at(run), '--out', at(`${run}-onnx`), ...more);

/** Trains a tiny model for an epoch. */
function finetune(task: string, ...more: string[]): Promise<string> {
  return succeed(
    ...`finetune ${task} --hidden-size 24 --attention-heads 2 --language-layers 1 --vision-layers 1`.split(
      ' ',
    ),
    ...'--cross-layers 1 --batch-size 16 --learning-rate 2e-3 --epochs 1'.split(' '),
    ...['--features', at('train'), '--features', at('minival'), '--vocab', at('world/vocab.txt')],
    ...['--output', at(task), ...more],
  );
}

/** A result with its numbers rounded: two engines do not add in the same order. */
function rounded(json: string): unknown {
  return JSON.parse(json, (_, value: unknown) =>
    typeof value === 'number' && !Number.isInteger(value) ? Number(value.toFixed(4)) : value,
  );
}

/** What is expected of numbers that another engine adds up: a rounded one may fall to the other side of its step. */
function close(json: string): unknown {
  return JSON.parse(json, (_, value: unknown) =>
    typeof value === 'number' && !Number.isInteger(value) ? expect.closeTo(value, 4) : value,
  );
}

needing('bridge').describe('an exported folder', () => {
  beforeAll(async () => {
    await succeed('sample', at('world'), '--num-images', '40', '--num-boxes', '6', '--seed', '3');
    for (const split of ['train', 'minival']) {
      await succeed('features', 'convert', at(`world/features/${split}_obj36.tsv`), at(split));
    }
    for (const [name, seed] of [
      ['pixels', 5],
      ['others', 6],
    ] as const) {
      await writeSmallRun(at(name), { featureSize: 2048, pixelRegions: { numBoxes: 5 }, seed });
      await exported(name);
    }
  }, 120_000);

  it('answers with the same text and JSON as its run', async () => {
    for (const more of [[], ['--json'], ['--top', '5', '--json']]) {
      const asked = ['answer', scene, 'what color is the cat?', ...more];
      const [found, expected] = [
        await succeed(...asked, '--model', at('pixels-onnx')),
        await succeed(...asked, '--model', at('pixels')),
      ];
      if (more.length === 0) expect(found).toBe(expected);
      else expect(rounded(found)).toEqual(rounded(expected));
    }
  });

  it('answers together with others, as runs do', async () => {
    const asked = ['answer', scene, 'what is white?', '--top', '5', '--json'];
    const models = (ending: string): string[] =>
      ['pixels', 'others'].flatMap((name) => ['--model', at(`${name}${ending}`)]);
    expect(rounded(await succeed(...asked, ...models('-onnx')))).toEqual(
      rounded(await succeed(...asked, ...models(''))),
    );
  });

  it('explains by removal as its run does, alone and with others, and not by relevance', async () => {
    const asked = ['explain', scene, 'what is white?', '--output', at('why.html'), '--json'];
    for (const names of [['pixels'], ['pixels', 'others']]) {
      const models = (ending: string): string[] =>
        names.flatMap((name) => ['--model', at(`${name}${ending}`)]);
      const found: unknown = JSON.parse(await succeed(...asked, ...models('-onnx')));
      expect(found).toMatchObject({ method: 'removal' });
      expect(found).toEqual(close(await succeed(...asked, ...models(''), '--method', 'removal')));
    }
    const page = readFileSync(at('why.html'), 'utf8');
    expect(page).toContain('"method":"removal"');
    const refused = await lxmert(...asked, '--model', at('pixels-onnx'), '--method', 'relevance');
    expect(refused).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/Relevance follows gradients, .* explained by removal/) as string,
    });
  });

  it.each([
    [['--model', at('pixels')], /cannot answer together/],
    [['--vocab', at('pixels/vocab.txt')], /--vocab does not go with an exported model/],
    [['--weights', 'LAST'], /--weights LAST does not go/],
    [['--precision', 'bfloat16'], /--precision does not go with an exported model/],
    [['--device', 'cuda'], /--device does not go/],
  ])('refuses %j', async (more, message) => {
    const { stderr, exitCode } = await lxmert(
      'answer',
      scene,
      'what?',
      '--model',
      at('pixels-onnx'),
      ...more,
    );
    expect(stderr).toMatch(message);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(exitCode).toBe(2);
  });

  it('says what it lacks, and what it is where a run is wanted', async () => {
    const match = await lxmert('match', scene, 'a cat', '--model', at('pixels-onnx'));
    expect(match).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/without the matching head/) as string,
    });
    const nlvr2 = await lxmert(
      ...['predict', 'nlvr2', at('world/nlvr2/valid.json'), '--model', at('pixels-onnx')],
      ...['--features', at('minival'), '--output', at('never')],
    );
    expect(nlvr2).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/one image .*2 images/s) as string,
    });
    const evaluated = await lxmert(
      ...[
        'evaluate',
        'vqa',
        at('world/vqa/minival.json'),
        '--model',
        at('pixels-onnx'),
        '--features',
        at('minival'),
      ],
    );
    expect(evaluated).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/is an exported model, which answer, explain/) as string,
    });
  });

  const table = ['--answers', at('world/vqa/trainval_label2ans.json')];
  it.each([
    ['vqa', 'world/vqa/train.json', 'world/vqa/minival.json', table],
    ['gqa', 'world/gqa/train.json', 'world/gqa/valid.json', table],
    ['nlvr2', 'world/nlvr2/train.json', 'world/nlvr2/valid.json', []],
    ['custom', 'custom-train.jsonl', 'custom-minival.jsonl', []],
    ['vizwiz', 'vizwiz-train.json', 'vizwiz-minival.json', ['--min-occurrences', '1']],
    ['match', 'world/captions/train.json', 'world/captions/minival.json', []],
  ])(
    'predict %s writes the same file',
    async (task, train, valid, more) => {
      writeOtherForms();
      await finetune(task, '--train', at(train), '--valid', at(valid), ...more);
      // After one epoch nothing may be right yet, and then there are no best weights.
      const last = ['--weights', 'LAST'];
      await exported(task, '--outputs', task === 'match' ? 'matching' : 'answers', ...last);
      const written = async (model: string, ...weights: string[]): Promise<string> => {
        const output = at(`${model}.predicted`);
        const words = [
          'predict',
          task,
          at(valid),
          '--model',
          at(model),
          '--features',
          at('minival'),
          '--output',
          output,
        ];
        await succeed(...words, ...weights);
        return readFileSync(output, 'utf8');
      };
      const [found, expected] = [await written(`${task}-onnx`), await written(task, ...last)];
      const places = /\d\.\d{5,}(e-\d+)?/g;
      expect(found.replaceAll(places, roundedNumber)).toBe(expected.replaceAll(places, roundedNumber));
      expect(found.length).toBeGreaterThan(100);
    },
    60_000,
  );
});

const roundedNumber = (text: string): string => Number(text).toFixed(4);

interface VqaRecord {
  readonly img_id: string;
  readonly sent: string;
  readonly question_id: string | number;
  readonly answer_type: string;
  readonly label: Readonly<Record<string, number>>;
}

/** The world's questions in the forms of VizWiz and of data of one's own. */
function writeOtherForms(): void {
  for (const split of ['train', 'minival']) {
    const records = JSON.parse(readFileSync(at(`world/vqa/${split}.json`), 'utf8')) as VqaRecord[];
    const labelled = records.filter(({ label }) => Object.keys(label).length > 0);
    const lines = labelled.map(({ img_id: image, sent: text, question_id: id, label: labels }) =>
      JSON.stringify({ id: String(id), image, text, labels }),
    );
    writeFileSync(at(`custom-${split}.jsonl`), lines.join('\n'));
    const byImage = new Map(labelled.map((record) => [record.img_id, record]));
    const photos = [...byImage].map(([image, { sent, label, answer_type: type }], i) => ({
      image: `${image}.jpg`,
      question: sent,
      answers: Array.from({ length: 10 }, () => ({ answer: Object.keys(label)[0] })),
      answer_type: type,
      answerable: i % 2,
    }));
    writeFileSync(at(`vizwiz-${split}.json`), JSON.stringify(photos));
  }
}
