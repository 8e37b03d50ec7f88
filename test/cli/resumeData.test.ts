/** @file Runs whose data is changed, its counts staying the same, before they are to go on: each is refused, untouched. */

import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { lxmert } from '../support/commandLine.js';
import { overridden } from '../support/overridden.js';
import { needing } from '../support/skips.js';

const folder = mkdtempSync(path.join(tmpdir(), 'resume-data-'));
const at = (...parts: string[]): string => path.join(folder, ...parts);
afterAll(() => rmSync(folder, { recursive: true }));

const small =
  '--hidden-size 16 --attention-heads 2 --language-layers 1 --vision-layers 1 --cross-layers 1'.split(' ');

/** Files that a command line names, by their flags. */
type Files = Readonly<Record<string, string>>;

const vqa: Files = {
  train: 'world/vqa/train.json',
  valid: 'world/vqa/minival.json',
  answers: 'world/vqa/trainval_label2ans.json',
  features: 'store',
  vocab: 'world/vocab.txt',
};
const nlvr2: Files = {
  train: 'nlvr2.json',
  valid: 'nlvr2.json',
  features: 'store',
  vocab: 'world/vocab.txt',
};
const corpus: Files = {
  train: 'world/captions/train.json',
  valid: 'world/captions/minival.json',
  features: 'store',
  vocab: 'world/vocab.txt',
};

const words = (command: string, files: Files, output: string): string[] => [
  ...command.split(' '),
  ...small,
  ...['--epochs', '1', '--batch-size', '16', '--output', at(output), '--resume'],
  ...Object.entries(files).flatMap(([flag, file]) => [`--${flag}`, at(file)]),
];

async function succeed(...line: string[]): Promise<string> {
  const { stderr, exitCode } = await lxmert(...line);
  expect(exitCode, stderr).toBe(0);
  return stderr;
}

/** Name, time and content of everything in a folder. */
function contentOf(run: string): string[] {
  return readdirSync(at(run), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const file = path.join(entry.parentPath, entry.name);
      return `${file} ${statSync(file).mtimeMs} ${createHash('sha256').update(readFileSync(file)).digest('hex')}`;
    })
    .sort();
}

/** A changed copy of a JSON file of the world. */
function changed<T>(file: string, change: (content: T) => void): string {
  const content = JSON.parse(readFileSync(at(file), 'utf8')) as T;
  change(content);
  const name = `changed-${createHash('sha256').update(String(change)).digest('hex').slice(0, 8)}.json`;
  writeFileSync(at(name), JSON.stringify(content));
  return name;
}

interface VqaRecord {
  sent: string;
  label: Record<string, number>;
}

/** Exchanges what two records say. */
function exchange<T extends object, K extends keyof T>(
  records: T[],
  key: K,
  isOther: (a: T, b: T) => boolean,
): void {
  const [first] = records as [T];
  const other = records.find((record) => isOther(first, record))!;
  [first[key], other[key]] = [other[key], first[key]];
}

const labelsDiffer = (a: VqaRecord, b: VqaRecord): boolean =>
  JSON.stringify(a.label) !== JSON.stringify(b.label);

needing('bridge').describe('a run whose data has changed, but not its counts', () => {
  beforeAll(async () => {
    await succeed('sample', at('world'), '--num-images', '40', '--num-boxes', '6', '--seed', '3');
    const lines = ['train', 'minival'].flatMap((split) =>
      readFileSync(at(`world/features/${split}_obj36.tsv`), 'utf8')
        .trimEnd()
        .split('\n'),
    );
    writeFileSync(at('all.tsv'), `${lines.join('\n')}\n`);
    // The same images, each with what was detected in the next.
    const others = lines.map((line, i) => {
      const rest = (lines[(i + 1) % lines.length] ?? '').split('\t').slice(1);
      return [line.split('\t')[0], ...rest].join('\t');
    });
    writeFileSync(at('others.tsv'), `${others.join('\n')}\n`);
    await succeed('features', 'convert', at('all.tsv'), at('store'));
    await succeed('features', 'convert', at('others.tsv'), at('otherStore'));
    const ids = lines.map((line) => line.split('\t')[0] ?? '');
    const statements = ids.slice(1).map((id, i) => ({
      identifier: `s-${i}-0-0`,
      img0: id,
      img1: ids[0],
      sent: 'The left picture is the same as ever.',
      label: i % 2,
    }));
    writeFileSync(at('nlvr2.json'), JSON.stringify(statements));
    await succeed(...words('finetune vqa', vqa, 'vqa'));
    await succeed(...words('finetune nlvr2', nlvr2, 'nlvr2'));
    await succeed(...words('pretrain', corpus, 'pretrain'));
  }, 180_000);

  it.each<[string, string, Files, () => Files, string]>([
    [
      'answers in another order',
      'finetune vqa',
      vqa,
      () => ({ answers: changed<string[]>(vqa.answers!, (answers) => answers.reverse()) }),
      'the answer table',
    ],
    [
      'two exchanged lines of the vocabulary',
      'finetune vqa',
      vqa,
      () => {
        const lines = readFileSync(at(vqa.vocab!), 'utf8').split('\n');
        [lines[10], lines[11]] = [lines[11]!, lines[10]!];
        writeFileSync(at('vocab2.txt'), lines.join('\n'));
        return { vocab: 'vocab2.txt' };
      },
      'the vocabulary',
    ],
    [
      'exchanged labels',
      'finetune vqa',
      vqa,
      () => ({ train: changed<VqaRecord[]>(vqa.train!, (all) => exchange(all, 'label', labelsDiffer)) }),
      'the labels of the training examples',
    ],
    [
      'the score of one label',
      'finetune vqa',
      vqa,
      () => ({
        train: changed<VqaRecord[]>(vqa.train!, (all) => {
          const { label } = all.find((each) => Object.keys(each.label).length > 0)!;
          label[Object.keys(label)[0]!] = 0.25;
        }),
      }),
      'the labels of the training examples',
    ],
    [
      'one sentence',
      'finetune vqa',
      vqa,
      () => ({
        train: changed<VqaRecord[]>(vqa.train!, ([first]) => Object.assign(first!, { sent: 'Is it so?' })),
      }),
      'the sentences of the training examples',
    ],
    [
      'questions in another order',
      'finetune vqa',
      vqa,
      () => ({ train: changed<VqaRecord[]>(vqa.train!, (all) => all.reverse()) }),
      'the training examples (which they are or their order; --train)',
    ],
    [
      'other features of the same images',
      'finetune vqa',
      vqa,
      () => ({ features: 'otherStore' }),
      'the features',
    ],
    [
      'labels of the validation data',
      'finetune vqa',
      vqa,
      () => ({ valid: changed<VqaRecord[]>(vqa.valid!, (all) => void exchange(all, 'label', labelsDiffer)) }),
      'the labels of the validation examples',
    ],
    [
      'exchanged images of a statement',
      'finetune nlvr2',
      nlvr2,
      () => ({
        train: changed<{ img0: string; img1: string }[]>(nlvr2.train!, ([first]) => {
          if (first !== undefined) [first.img0, first.img1] = [first.img1, first.img0];
        }),
      }),
      'the images of the training examples',
    ],
    [
      'a sentence of the corpus',
      'pretrain',
      corpus,
      () => ({
        train: changed<{ sentf: Record<string, string[]> }[]>(corpus.train!, (all) => {
          const sentences = Object.values(all[0]!.sentf)[0]!;
          sentences[0] = `${sentences[0]} there`;
        }),
      }),
      'the sentences of the training examples',
    ],
  ])('is refused: %s', async (_change, command, files, change, name) => {
    const run = command.split(' ').at(-1)!;
    const before = contentOf(run);
    const { stderr, exitCode } = await lxmert(...words(command, { ...files, ...change() }, run));
    expect(exitCode, stderr).toBe(2);
    expect(stderr).toContain(`other data of the same size. Changed since: ${name}`);
    // Nothing else has changed: beside what brackets say of it there is no second part.
    expect(stderr.replace(/\([^)]*\)/g, '')).not.toContain(';');
    expect(contentOf(run)).toEqual(before);
  });

  it('goes on with the same data from another place, its tables as they are', async () => {
    writeFileSync(at('copy.json'), JSON.stringify(JSON.parse(readFileSync(at(vqa.train!), 'utf8')), null, 1));
    const tables = contentOf('vqa').filter((line) => /label2ans|ans2label|vocab|config/.test(line));
    await succeed(...words('finetune vqa', { ...vqa, train: 'copy.json' }, 'vqa'));
    expect(contentOf('vqa').filter((line) => /label2ans|ans2label|vocab|config/.test(line))).toEqual(tables);
  });

  it('of an earlier version goes on, saying what could not be checked, with the answers that it keeps', async () => {
    const config = JSON.parse(readFileSync(at('vqa/config.json'), 'utf8')) as Record<string, unknown>;
    expect(Object.keys(config.hashes as object)).toHaveLength(11);
    writeFileSync(at('vqa/config.json'), JSON.stringify({ ...config, hashes: undefined }));
    const said = await succeed(...words('finetune vqa', vqa, 'vqa'));
    expect(said.match(/.*could not be checked.*/g)).toHaveLength(1);
    expect(said).toMatch(
      /could not be checked whether these are as they were: the training examples.*the features/,
    );
    expect(said).not.toContain('the vocabulary');
    const answers = at(changed<string[]>(vqa.answers!, (all) => all.reverse()));
    const { stderr } = await lxmert(...overridden(words('finetune vqa', vqa, 'vqa'), ['--answers', answers]));
    expect(stderr).toContain('Changed since: the answer table');
  });
});
