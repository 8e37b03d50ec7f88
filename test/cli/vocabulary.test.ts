/** @file `lxmert vocabulary`: entries from sentences of any form of file, and what is said of others. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { Vocabulary, WordPieceTokenizer } from '../../src/text/index.js';
import { lxmert } from '../support/commandLine.js';

const folder = mkdtempSync(path.join(tmpdir(), 'vocabulary-'));
afterAll(() => rmSync(folder, { recursive: true }));
const write = (name: string, text: string): string => {
  const file = path.join(folder, name);
  writeFileSync(file, text);
  return file;
};

const own = write('own.jsonl', '{"id": 1, "image": "a", "text": "Is it a Circle?", "labels": "yes"}\n');
const vqa = write('vqa.json', '[{"question_id": 2, "img_id": "b", "sent": "a circle, a square"}]');
const pretraining = write('pre.json', '[{"img_id": "c", "sentf": {"mscoco": ["red circle", "a b"]}}]');
const plain = write('plain.txt', 'green triangle\r\n\r\na circle\n');

it('takes the words of examples, of pre-training and of plain lines, the most frequent first', async () => {
  const output = path.join(folder, 'vocab.txt');
  const made = await lxmert('vocabulary', own, vqa, pretraining, plain, '--output', output);
  expect(made, made.stderr).toMatchObject({ exitCode: 0 });
  const vocabulary = Vocabulary.parse(readFileSync(output));
  expect(vocabulary.entries.slice(0, 5)).toEqual(['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]']);
  // Letters stand before; of equal counts in the order of the alphabet.
  expect(vocabulary.entries.filter((entry) => /^[a-z]{2,}$/.test(entry))).toEqual([
    ...['circle', 'green', 'is', 'it', 'red', 'square', 'triangle'],
  ]);
  const tokenizer = new WordPieceTokenizer(vocabulary);
  const pieces = (text: string) => tokenizer.pieceIds(text, 9).map((id) => vocabulary.entries[id]);
  expect(pieces('A circle?')).toEqual(['a', 'circle', '?']);
  expect(pieces('ring')).toEqual(['r', '##i', '##n', '##g']);
  expect(made.stdout).toContain(`${vocabulary.size} word pieces. Of 11 different words in 7 sentences 11`);
  const again = await lxmert('vocabulary', own, '--output', output);
  expect(again).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('--overwrite') as string });
});

it('leaves out what is rare, and says how much is spelled', async () => {
  const output = path.join(folder, 'few.txt');
  const made = await lxmert('vocabulary', vqa, plain, '--output', output, '--min-count', '2', '--json');
  expect(JSON.parse(made.stdout)).toMatchObject({ numSentences: 4, numWords: 6, numWholeWords: 3 });
  expect(readFileSync(output, 'utf8')).toMatch(/\ncircle\n$/);
});

it('says of a file without sentences which keys it looked for', async () => {
  const tables = write('answers.json', '[{"ans": "yes"}]');
  const refused = await lxmert('vocabulary', tables, '--output', path.join(folder, 'none.txt'));
  expect(refused).toMatchObject({ exitCode: 1 });
  expect(refused.stderr).toMatch(/answers\.json: .*holds no sentence: none of the keys text, sent, question/);
});
