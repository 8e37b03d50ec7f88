/** @file The commands of docs/how-to/like-vqa.md: what prepares and scores runs, on files of each kind; the others exist. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { catalogue } from '../../src/cli/catalogue.js';
import { runCommandLine } from '../../src/cli/program.js';
import { makeZip, writeFiles } from '../data/prepare/support.js';
import { makeTar } from '../formats/tarFile.js';
import { textOf } from '../support/commandLine.js';
import { faultOfCommand } from '../support/commandReference.js';
import { findPython } from '../support/python.js';
import { needing } from '../support/skips.js';

const page = readFileSync('docs/how-to/like-vqa.md', 'utf8');
const folder = mkdtempSync(path.join(tmpdir(), 'like-vqa-'));
const home = process.cwd();
afterAll(() => {
  process.chdir(home);
  rmSync(folder, { recursive: true });
});

const ids = Array.from({ length: 9 }, (_, i) => 10 * (i + 1));
const ten = Array.from({ length: 10 }, (_, i) => ({
  answer: 'red',
  answer_confidence: 'yes',
  answer_id: i + 1,
}));
const asked = (more: object = {}) =>
  ids.map((id) => ({ question_id: id, image_id: id, question: 'What?', ...more }));
const said = (more: object = {}) =>
  ids.map((id) => ({
    question_id: id,
    image_id: id,
    question_type: 'what',
    answer_type: 'other',
    multiple_choice_answer: 'red',
    answers: ten,
    ...more,
  }));
const ok = said({
  multiple_choice_answer: undefined,
  answers: ten.map((each) => ({ ...each, raw_answer: 'Red' })),
});
const aokvqa = (split: string) =>
  ids.map((id) => ({
    split,
    image_id: id,
    question_id: `${split}${id}`,
    question: 'What?',
    choices: ['red', 'blue', 'cup', 'mug'],
    ...(split === 'test'
      ? {}
      : { correct_choice_idx: 0, direct_answers: ten.map(() => 'red'), difficult_direct_answer: false }),
  }));
const vizwiz = (split: string) =>
  ids.map((id) => ({
    image: `VizWiz_${split}_000000${id}.jpg`,
    question: 'What?',
    ...(split === 'test' ? {} : { answers: ten, answer_type: 'other', answerable: 1 }),
  }));
const gqa = (from: number, to: number) =>
  Object.fromEntries(
    ids
      .slice(from, to)
      .map((id) => [`${id}`, { imageId: 'n1', question: 'What?', answer: 'red', isBalanced: true }]),
  );
const listed = (more: object) =>
  ids.map((id) => ({
    question_id: id,
    question: 'What?',
    image: `val2014/COCO_val2014_${id}.jpg`,
    dataset: 'vqa',
    ...more,
  }));
const pairs = ids.map((id) => ({
  sentence: `${id}.`,
  label: 'True',
  images: [`dev/a-${id}-img0.png`, `dev/a-${id}-img1.png`],
}));
const lines = (records: readonly object[]) => records.map((each) => `${JSON.stringify(each)}\n`).join('');
const vqaPredictions = ids.map((question_id) => ({ question_id, answer: 'red' }));

/** By heading of the page: the files that a user has there, with predictions as predict writes them. */
const FILES: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'VQA v1': {
    ...halves({ questions: asked() }, { annotations: said() }),
    'predictions.json': vqaPredictions,
  },
  'VQA-CP': {
    'vqacp_v2_train_questions.json': asked({ coco_split: 'val2014' }),
    'vqacp_v2_train_annotations.json': said({ coco_split: 'val2014' }),
    'vqacp_v2_test_questions.json': asked({ coco_split: 'train2014' }),
    'vqacp_v2_test_annotations.json': said(),
    'predictions.json': vqaPredictions,
  },
  'OK-VQA': { ...halves({ questions: asked() }, { annotations: ok }), 'predictions.json': vqaPredictions },
  'A-OKVQA': {
    'aokvqa_v1p0.tar.gz': gzipSync(
      makeTar(
        Object.fromEntries(
          ['train', 'val', 'test'].map((each) => [`aokvqa_v1p0_${each}.json`, JSON.stringify(aokvqa(each))]),
        ),
      ),
    ),
    'aokvqa_v1p0_val.json': aokvqa('val'),
    'predictions.json': Object.fromEntries(
      ids.map((id) => [`val${id}`, { direct_answer: 'red', multiple_choice: 'red' }]),
    ),
  },
  VizWiz: {
    'Annotations.zip': makeZip(
      ['train', 'val', 'test'].map((each) => ({
        name: `${each}.json`,
        content: JSON.stringify(vizwiz(each)),
      })),
    ),
    'predictions.json': vizwiz('val').map(({ image }) => ({ image, answer: 'red', answerable: 0.9 })),
  },
  'GQA-OOD': {
    'ood_testdev_all.json': gqa(0, 9),
    'ood_testdev_head.json': gqa(0, 5),
    'ood_testdev_tail.json': gqa(5, 9),
    'predictions.json': ids.map((id) => ({ questionId: `${id}`, prediction: 'red' })),
  },
  'ALBEF, BLIP and LAVIS': {
    'vqa_train.json': listed({ answer: ten.map(({ answer }) => answer) }),
    'vqa_val.json': listed({ answer: ten.map(({ answer }) => answer) }),
    'vg_qa.json': listed({ answer: 'red', dataset: 'vg' }),
    'vqa_test.json': listed({}),
  },
  'NLVR2 of ALBEF, BLIP and LAVIS': {
    'nlvr_train.json': pairs,
    'nlvr_dev.json': pairs,
    'predictions.csv': ids.map((_, i) => `nlvr2_nlvr_dev_${i},True\n`).join(''),
  },
  LLaVA: {
    'llava_gqa_testdev_balanced.jsonl': lines(
      ids.map((id) => ({
        question_id: `${id}`,
        image: 'n1.jpg',
        text: 'What?\nOne word.',
        category: 'default',
      })),
    ),
    'testdev_balanced_questions.json': gqa(0, 9),
    'predictions.json': ids.map((id) => ({ questionId: `${id}`, prediction: 'red' })),
  },
  'Other names': {
    'asked.json': { questions: asked() },
    'said.json': { annotations: said() },
    'questions.json': gqa(0, 9),
    'pairs.jsonl': lines(pairs),
  },
  'Anything else': { 'questions.json': { questions: asked() }, 'annotations.json': { annotations: said() } },
};

/** The two halves of COCO under VQA v1's names, which OK-VQA has too. */
function halves(questions: unknown, annotations: unknown): Record<string, unknown> {
  return Object.fromEntries(
    ['train2014', 'val2014'].flatMap((half) => [
      [`OpenEnded_mscoco_${half}_questions.json`, questions],
      [`mscoco_${half}_annotations.json`, annotations],
    ]),
  );
}

async function run(command: string): Promise<{ exitCode: number; stdout: string; stderr: string }> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const streams = { stdout, stderr } as unknown as Record<'stdout' | 'stderr', NodeJS.WriteStream>;
  const words = command.replace('npx lxmert ', '').split(' ');
  const exitCode = await runCommandLine(words, { ...streams, entries: catalogue });
  return { exitCode, stdout: textOf(stdout), stderr: textOf(stderr) };
}

const sections = page
  .split(/^## /m)
  .slice(1)
  .map((text) => ({
    title: text.slice(0, text.indexOf('\n')),
    text,
    commands: [...text.matchAll(/^npx lxmert .*$/gm)].map(([command]) => command),
  }));

describe('docs/how-to/like-vqa.md', () => {
  it('has a section for each kind that is tested here', () => {
    expect(sections.map(({ title }) => title)).toEqual(Object.keys(FILES));
  });

  describe.each(sections)('$title', ({ title, text, commands }) => {
    const here = path.join(folder, title.replaceAll(' ', '-'));

    it.each(commands)('%s', async (command) => {
      expect(faultOfCommand(command)).toBeUndefined();
      writeFiles(here, FILES[title] ?? {});
      if (!/^npx lxmert (prepare|score) /.test(command)) return;
      process.chdir(here);
      try {
        const { exitCode, stdout, stderr } = await run(command);
        expect([exitCode, stderr]).toEqual([0, '']);
        if (command.includes(' score ')) expect(stdout).toMatch(/100\.00 %/);
        else expect(stdout).toMatch(/: 9 (questions|examples)/);
      } finally {
        process.chdir(home);
      }
    });

    it('names files that prepare wrote', () => {
      for (const [, file = ''] of text.matchAll(/(?:--train|--valid|predict \w+) (data\/\S+)/g))
        expect(() => readFileSync(path.join(here, file))).not.toThrow();
    });
  });

  needing('python').it('makes lines of its own of VQA', () => {
    const script = /```python\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
    const here = writeFiles(path.join(folder, 'python'), FILES['Anything else'] ?? {});
    const python = spawnSync(findPython() ?? '', ['-c', script], { cwd: here, encoding: 'utf8' });
    expect(python.stderr).toBe('');
    const [first] = readFileSync(path.join(here, 'train.jsonl'), 'utf8').split('\n');
    expect(JSON.parse(first ?? '')).toEqual({ id: 10, image: '10', text: 'What?', labels: { red: 1 } });
  });
});
