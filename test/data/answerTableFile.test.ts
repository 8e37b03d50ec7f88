import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { AnswerTable } from '../../src/data/answerTable.js';
import { loadAnswerTable } from '../../src/data/answerTableFiles.js';

const folder = mkdtempSync(path.join(tmpdir(), 'answer-tables-'));
afterAll(() => rmSync(folder, { recursive: true }));

let numFiles = 0;
/** A file in a folder of its own, so that no neighbour is found. */
function fileWith(content: unknown, name = 'table.json'): string {
  const own = mkdtempSync(path.join(folder, `${numFiles++}-`));
  const file = path.join(own, name);
  writeFileSync(
    file,
    typeof content === 'string' || content instanceof Uint8Array ? content : JSON.stringify(content),
  );
  return file;
}

const answers = ['red', 'yes', '2', 'star', 'no'];
const byIndex = Object.fromEntries(answers.map((answer, i) => [i, answer]));
const byAnswer = Object.fromEntries(answers.map((answer, i) => [answer, i]));

// pickle.dumps(['red', 'yes', '2', 'star', 'no'], 4), and of {'red': 0, 'yes': 1} and [b'red', b'yes'] in protocol 2.
const pickledList = Buffer.from(
  '80049521000000000000005d94288c03726564948c03796573948c013294' + '8c0473746172948c026e6f94652e',
  'hex',
);
const pickledDict = Buffer.from(
  '80027d710028580300000072656471014b005803000000796573' + '71024b01752e',
  'hex',
);

describe('an answer table', () => {
  const said: string[] = [];
  const load = (file: string): Promise<AnswerTable> =>
    loadAnswerTable(file, { say: (line) => said.push(line) });

  it.each([
    ['a list', answers, 'x.json', undefined],
    ['a list behind a byte-order mark', `\ufeff${JSON.stringify(answers)}`, 'x.json', undefined],
    ['entries of pre-training', answers.map((ans) => ({ ans, dsets: ['vqa'] })), 'x.json', undefined],
    ['by index', byIndex, 'x.json', 'by index'],
    ['from answer to index', byAnswer, 'trainval_ans2label.json', 'from answer to index'],
    [
      'indices as text',
      { red: '0', yes: '1', '2': '2', star: '3', no: '4' },
      'x.json',
      'from answer to index',
    ],
    ['a list with numbers', ['red', 'yes', 2, 'star', 'no'], 'x.json', 'numbers as text'],
    [
      'a Hugging Face configuration',
      { model_type: 'lxmert', id2label: byIndex, label2id: byAnswer },
      'config.json',
      "'id2label'",
    ],
    ['under a usual name', { label2ans: answers }, 'x.json', "'label2ans'"],
    ['a text of lines', `${answers.join('\r\n')}\r\n`, 'answers.txt', 'by line'],
    ['lines of JSON text', answers.map((answer) => JSON.stringify(answer)).join('\n'), 'a.jsonl', 'by line'],
    ['a pickled list', pickledList, 'trainval_label2ans.pkl', 'Python pickle'],
  ])('is read from %s, and what is not documented is said', async (_, content, name, word) => {
    said.length = 0;
    const table = await load(fileWith(content, name));
    expect(table.answers).toEqual(answers);
    expect(said.join('\n')).toEqual(word === undefined ? '' : expect.stringContaining(word));
    if (word !== undefined) expect(said[0]).toContain("5 answers, the first 'red'");
  });

  it('is read from a pickled dict', async () => {
    expect((await load(fileWith(pickledDict, 'x.pkl'))).answers).toEqual(['red', 'yes']);
  });

  it.each([
    [
      'indices from 1',
      { red: 1, yes: 2, no: 3 },
      /indices are not 0 to 2: 3 is there, and 0 is not. They count from 1/,
    ],
    ['one index twice', { red: 0, yes: 0, no: 1 }, /indices are not 0 to 2: 0 is there twice/],
    ['a hole', { 0: 'red', 1: 'yes', 3: 'no' }, /keys are not the indices 0 to 2: 3 is there, and 2 is not/],
    ['numbers to numbers', { 0: 2, 1: 0, 2: 1 }, /does not show which are the answers/],
    ['numbers that differ', { red: 0.5, yes: 1 }, /found an object with the keys 'red', 'yes'/],
    ['placeholders', { id2label: { 0: 'LABEL_0', 1: 'LABEL_1' } }, /placeholders LABEL_0/],
    ['two orders', { id2label: { 0: 'a', 1: 'b' }, label2id: { a: 1, b: 0 } }, /not the same answers/],
    ['official questions', { info: {}, questions: [{ question: 'x' }] }, /keys 'info', 'questions'/],
    ['predictions', [{ question_id: 1, answer: 'x' }], /holds predictions for VQA; .*lxmert score vqa/],
    ['nothing answered', ['red', null], /element 1 \(counted from 0\) is null, not text/],
    ['an empty list', [], /the list is empty/],
    ['broken JSON', '["red", ', /not valid JSON/],
    ["Python's list", "['red', 'yes']", /not valid JSON|json\.dump/],
  ])('is not read from %s', async (_, content, message) => {
    const reading = load(fileWith(content));
    await expect(reading).rejects.toThrow(message);
    await expect(reading).rejects.toThrow(/expected an answer table: a JSON list of the answers/i);
    await expect(reading).rejects.not.toThrow(/Invalid input|received/);
  });

  it.each([
    ['columns', 'red\t0\nyes\t1\n', /its lines have columns, as in 'red 0'/],
    ['columns that are named', 'answer,index\nred,0\nyes,1\n', /its lines have columns/],
    ['commas', '"red",\n"yes",\n', /its lines have columns/],
    ['a header', 'answer\nred\nyes\n', /its first line, 'answer', names what stands below it/],
    ['YAML under a key', 'answers:\n  - red\n  - yes\n', /its lines begin with a mark, as in '- red'/],
    ['marks', '- red\n- yes\n', /its lines begin with a mark, as in '- red'/],
    ['numbered lines', '0 red\n1 yes\n', /its lines have columns/],
    ['an empty line', 'red\n\nyes\n', /line 2 is empty/],
    [
      'a vocabulary',
      '[PAD]\n[UNK]\n[CLS]\n[SEP]\nred\n',
      /holds a vocabulary of word pieces .*; expected an answer table.*--vocab/,
    ],
    ["Python's list", "['red', 'yes']", /json\.dump/],
  ])('is not read from a text with %s', async (_, content, message) => {
    await expect(load(fileWith(content, 'answers.txt'))).rejects.toThrow(message);
  });

  it('is named for what it is where it is no text', async () => {
    const hdf5 = fileWith(Buffer.from('\x89HDF\r\n\x1a\n', 'latin1'), 'answers.json');
    await expect(load(hdf5)).rejects.toThrow(/is an HDF5 file; expected an answer table/);
    // pickle.dumps(numpy.dtype('int8')): asks for a class.
    const ofClass = Buffer.from('80026362756974696e730a6576616c0a71002e', 'hex');
    await expect(load(fileWith(ofClass, 'x.pkl'))).rejects.toThrow(
      /cannot be read as plain data.*json\.dump/,
    );
    await expect(load(path.join(folder, 'none.json'))).rejects.toThrow('There is no answer table');
  });

  it('is checked against the other half of its pair, whichever of them is named', async () => {
    const file = fileWith(byAnswer, 'x_ans2label.json');
    const other = path.join(path.dirname(file), 'x_label2ans.json');
    writeFileSync(other, JSON.stringify(answers));
    expect((await load(file)).answers).toEqual(answers);
    writeFileSync(other, JSON.stringify([...answers].reverse()));
    for (const each of [file, other])
      await expect(load(each)).rejects.toThrow(/not of the same head: at 0 the first has '(red|no)'/);
  });
});
