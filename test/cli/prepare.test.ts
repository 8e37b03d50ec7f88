/** @file `lxmert prepare ...` as a user meets it: what is printed, exit codes, wrong use. */

import path from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { catalogue } from '../../src/cli/catalogue.js';
import { runCommandLine } from '../../src/cli/program.js';
import { makeZip, readJson, temporaryFolder, writeFiles } from '../data/prepare/support.js';
import { textOf } from '../support/commandLine.js';

const folder = temporaryFolder();
const out = (name: string): string => path.join(folder, name);

/** Runs `lxmert prepare` as if its output were piped. */
async function prepare(...words: string[]): Promise<{ stdout: string; stderr: string; exitCode: number }> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const streams = { stdout, stderr } as unknown as Record<'stdout' | 'stderr', NodeJS.WriteStream>;
  const exitCode = await runCommandLine(['prepare', ...words], { ...streams, entries: catalogue });
  return { stdout: textOf(stdout), stderr: textOf(stderr), exitCode };
}

const annotation = (id: number, ...answers: string[]): unknown => ({
  question_id: id,
  image_id: id,
  question_type: 'is it',
  answer_type: 'yes/no',
  multiple_choice_answer: answers[0],
  answers: answers.map((answer) => ({ answer })),
});
const raw = writeFiles(out('raw'), {
  'val2014_questions.json': {
    questions: [1, 2].map((id) => ({ question_id: id, image_id: id, question: 'Is it?' })),
  },
  'val2014_annotations.json': { annotations: [annotation(1, 'yes', 'yes', 'no'), annotation(2, 'hm')] },
  'ids.txt': '2\n',
  'label2ans.json': ['', 'yes'],
  'val_balanced_questions.json': { a: { imageId: '1', question: 'Is it?', answer: 'yes' } },
  'submission_all_questions.json': { b: { imageId: '1', question: 'Is it?' } },
});
const answers = path.join(raw, 'label2ans.json');

describe('lxmert prepare', () => {
  it('vqa', async () => {
    const sources = ['val2014_questions.json', 'val2014_annotations.json'].map((name) =>
      path.join(raw, name),
    );
    const command = ['vqa', ...sources, '--output', out('vqa'), '--answers', answers];
    const ids = ['--minival-ids', path.join(raw, 'ids.txt')];
    expect(await prepare(...command, ...ids)).toEqual({
      stdout:
        `${out('vqa')}/minival.json: 1 question, 0 with a label (0.0 %), 1 answer outside the table\n` +
        `${out('vqa')}/nominival.json: 1 question, 1 with a label (100.0 %), 1 answer outside the table\n1 question with 1 answer each: the one answer scores 1\n1 question with 3 answers each: of 3 answers, one that 1, 2 gave scores 0.33, 0.67, from 3 on 1\n` +
        '2 answers in the table, as given\n\nNext\n' +
        `  lxmert evaluate vqa ${out('vqa')}/minival.json --model runs/mine --features features/mine\n`,
      stderr: '',
      exitCode: 0,
    });
    const again = await prepare(...command, ...ids);
    expect([again.exitCode, again.stdout]).toEqual([2, '']);
    expect(again.stderr).toContain('minival.json is already there. Give --overwrite to replace it');
    const json = await prepare(...command, '--overwrite', '--json');
    expect(JSON.parse(json.stdout)).toMatchObject({
      output: out('vqa'),
      splits: [{ numQuestions: 2, numWithLabel: 1 }],
    });
  });

  it('gqa', async () => {
    const { stdout, exitCode } = await prepare('gqa', raw, '--output', out('gqa'));
    expect([exitCode, stdout]).toEqual([
      0,
      `${out('gqa')}/valid.json: 1 question, 1 with a label (100.0 %)\n${out('gqa')}/submit.json: 1 question without answers\n` +
        '1 answer in the table, made from train and val\n\nNext\n' +
        `  lxmert evaluate gqa ${out('gqa')}/valid.json --model runs/mine --features features/mine\n` +
        `  lxmert predict gqa ${out('gqa')}/submit.json --model runs/mine --features features/mine --output predictions.json\n`,
    ]);
  });

  it('nlvr2', async () => {
    const source = writeFiles(out('nlvr2raw'), {
      'dev.json': '{"identifier": "dev-1-2-0", "sentence": "Two.", "label": "True"}\n',
    });
    const { stdout } = await prepare('nlvr2', source, '--output', out('nlvr2'));
    expect(stdout).toBe(
      `${out('nlvr2')}/valid.json: 1 example, 1 with a label (100.0 %)\n\nNext\n  lxmert evaluate nlvr2 ${out('nlvr2')}/valid.json --model runs/mine --features features/mine\n`,
    );
  });

  it('okvqa', async () => {
    const okvqa = (id: number, answer: string) => ({
      ...(annotation(id, answer) as object),
      multiple_choice_answer: undefined,
      answers: [{ answer_id: 1, raw_answer: `${answer}s`, answer, answer_confidence: 'yes' }],
    });
    const asked = { questions: [1, 2].map((id) => ({ question_id: id, image_id: id, question: 'Is it?' })) };
    const source = writeFiles(out('okvqaraw'), {
      'OpenEnded_mscoco_train2014_questions.json': asked,
      'mscoco_train2014_annotations.json': { annotations: [okvqa(1, 'pony'), okvqa(2, 'pony')] },
      'OpenEnded_mscoco_val2014_questions.json': asked,
      'mscoco_val2014_annotations.json': { annotations: [okvqa(1, 'pony'), okvqa(2, 'mule')] },
    });
    const { stdout, exitCode } = await prepare('okvqa', source, '--output', out('okvqa'));
    expect([exitCode, stdout]).toEqual([
      0,
      `${out('okvqa')}/train.json: 2 questions, 2 with a label (100.0 %)\n` +
        `${out('okvqa')}/val.json: 2 questions, 1 with a label (50.0 %), 1 answer outside the table\n` +
        '4 questions with 1 answer each: the one answer scores 1\n1 answer in the table, made from the annotations\n\nNext\n' +
        `  lxmert finetune vqa --train ${out('okvqa')}/train.json --valid ${out('okvqa')}/val.json --answers ${out('okvqa')}/trainval_label2ans.json --features features/mine --vocab vocab.txt --load-encoder model_LXRT.pth --output runs/mine\n`,
    ]);
    // A hub's table has the picture in place of its number: images export names it by the question.
    await prepare(
      'okvqa',
      'test/formats/parquet/tables/okvqa',
      '--output',
      out('okhub'),
      '--min-occurrences',
      '1',
    );
    expect(readJson(out('okhub'), 'val.json')).toEqual([
      {
        answer_type: 'other',
        img_id: '2971475',
        label: { race: 1 },
        question_id: 2971475,
        question_type: 'one',
        sent: 'What sport can you use this for?',
      },
    ]);
    const other = await prepare('okvqa', raw, '--output', out('x'));
    expect([other.exitCode, other.stderr]).toEqual([
      2,
      expect.stringMatching(
        /holds .*annotations .*VQA.*; expected the official annotations of OK-VQA\. .*lxmert prepare vqa/,
      ),
    ]);
  });

  it('answers', async () => {
    const source = writeFiles(out('pre'), {
      'train.json': [{ img_id: 'a', labelf: { vqa: [{ yes: 1 }, { no: 1, yes: 0.3 }, {}, { hm: 1 }] } }],
    });
    const { stdout } = await prepare(
      'answers',
      source,
      '--output',
      out('all_ans.json'),
      '--num-answers',
      '1',
    );
    expect(stdout).toBe(
      `${out('all_ans.json')}: 1 of 3 answers, each of at least 2 examples\n` +
        '3 labelled examples of 1 image, 2 of them with an answer in the table (66.7 %)\n',
    );
    expect(readJson(out('all_ans.json'))).toEqual([{ ans: 'yes', dsets: ['vqa'] }]);
  });

  it.each([
    [['vqa', out('nowhere'), '--output', out('x')], 'there is no file or folder'],
    [['vqa', raw], '--output'],
    [['vqa', '--output', out('x')], 'sources'],
    [['gqa', raw, '--output', out('x'), '--questions', 'some'], "'some'"],
    [['nlvr2', raw, '--output', out('x')], 'No NLVR2 examples were found'],
  ])('%j is wrong use', async (words, message) => {
    const { exitCode, stderr, stdout } = await prepare(...words);
    expect([exitCode, stdout]).toEqual([2, '']);
    expect(stderr).toContain(message);
  });
});

describe('a file of another data set is named for what it is, with the command that takes it', () => {
  const photo = { image: 'VizWiz_val_0.jpg', question: 'What?', answers: [{ answer: 'x' }], answerable: 1 };
  const aokvqa = {
    split: 'val',
    image_id: 1,
    question_id: 'x',
    question: 'Why?',
    choices: ['a'],
    correct_choice_idx: 0,
    direct_answers: ['a'],
    difficult_direct_answer: false,
  };
  const files: Readonly<Record<string, unknown>> = {
    vqa: { questions: [{ question_id: 1, image_id: 1, question: 'Is it?' }] },
    gqa: { a: { imageId: '1', question: 'Is it?', answer: 'yes', isBalanced: true } },
    nlvr2: '{"identifier": "dev-1-2-0", "sentence": "Two.", "label": "True"}\n',
    aokvqa: [aokvqa],
    vizwiz: [photo],
  };
  const pairs = Object.keys(files).flatMap((kind) =>
    ['vqa', 'okvqa', 'gqa', 'nlvr2', 'aokvqa', 'vizwiz']
      .filter((verb) => verb !== kind)
      .map((verb) => [kind, verb] as const),
  );

  it.each(pairs)('%s to prepare %s', async (kind, verb) => {
    const content = files[kind];
    const text = typeof content === 'string' ? content : JSON.stringify(content);
    const source = writeFiles(out('others'), {
      [`${kind}.json`]: text,
      [`${kind}.zip`]: makeZip([{ name: 'inside.json', content: text }]),
    });
    for (const file of [`${kind}.json`, `${kind}.zip`].map((name) => path.join(source, name))) {
      const { exitCode, stdout, stderr } = await prepare(verb, file, '--output', out('never'));
      expect([exitCode, stdout]).toEqual([2, '']);
      // VizWiz's files are read as they are.
      const way = kind === 'vizwiz' ? 'lxmert evaluate vizwiz' : `lxmert prepare ${kind}`;
      expect(stderr).toContain(`${way} ${file}`);
    }
  });
});
