import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { foreignFile, recogniseForm } from '../../../src/formats/forms/index.js';
import { faultOfCommand } from '../../support/commandReference.js';

const folder = mkdtempSync(path.join(tmpdir(), 'forms-'));
afterAll(() => rmSync(folder, { recursive: true }));

let numFiles = 0;
function fileOf(content: unknown): string {
  const file = path.join(folder, `file${numFiles++}`);
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
}

const lines = (...records: unknown[]): string =>
  records.map((record) => `${JSON.stringify(record)}\n`).join('');
const answers = [{ answer: 'red', answer_confidence: 'yes', answer_id: 1 }];
const question = { image_id: 262148, question: 'Where?', question_id: 262148000 };
const annotation = {
  ...question,
  question: undefined,
  question_type: 'where',
  multiple_choice_answer: 'red',
  answers,
};
const gqa = { imageId: 'n1', question: 'Is it red?', isBalanced: true };

const forms: readonly (readonly [form: string, content: unknown])[] = [
  ['vqaRows', [{ img_id: 'COCO_val2014_000000000001', question_id: 1, sent: 'Why?', label: { yes: 1 } }]],
  ['aOkVqaRows', [{ img_id: 'a', question_id: '2x', sent: 'Why?', choices: ['a', 'b'], label: { a: 1 } }]],
  ['aOkVqaRowsUnlabelled', [{ img_id: 'a', question_id: '2x', sent: 'Why?', choices: ['a', 'b'] }]],
  ['vqaRowsUnlabelled', [{ img_id: 'a', question_id: 1, sent: 'Why?' }]],
  ['gqaRows', [{ img_id: 'n1', question_id: '07', sent: 'Why?', label: { yes: 1 } }]],
  ['nlvr2Rows', [{ identifier: 'dev-1-0-0', img0: 'a', img1: 'b', sent: 'Two dogs.', label: 1, uid: 'x' }]],
  ['pretraining', [{ img_id: 'a', sentf: { mscoco: ['A dog.'] }, labelf: {} }]],
  ['vqaQuestions', { info: {}, data_subtype: 'val2014', questions: [question] }],
  ['vqaQuestions', [question]],
  ['vqaCpQuestions', [{ ...question, coco_split: 'val2014' }]],
  ['vqaMultipleChoice', { questions: [{ ...question, multiple_choices: ['a', 'b'] }] }],
  ['vqaAnnotations', { annotations: [annotation] }],
  ['vqaAnnotations', [annotation]],
  [
    'okVqaAnnotations',
    {
      annotations: [
        { ...annotation, multiple_choice_answer: undefined, answers: [{ ...answers[0], raw_answer: 'Red' }] },
      ],
    },
  ],
  ['gqaQuestions', { '0012': { ...gqa, answer: 'yes' }, '0013': gqa }],
  ['gqaChoices', { '0012': { valid: ['yes', 'no'], plausible: ['yes'] } }],
  ['gqaSceneGraphs', { 2370799: { width: 500, height: 333, objects: { 1: { name: 'cup' } } } }],
  ['gqaObjectsInfo', { n1: { width: 5, height: 3, objectsNum: 30, idx: 0, file: 2 } }],
  [
    'nlvr2Official',
    lines({ identifier: 'dev-1-0-0', sentence: 'Two dogs.', label: 'True' }, { identifier: 'dev-1-0-1' }),
  ],
  [
    'aOkVqa',
    [
      {
        image_id: 1,
        question_id: '2x',
        question: 'Why?',
        choices: ['a'],
        correct_choice_idx: 0,
        direct_answers: ['a'],
      },
    ],
  ],
  [
    'aOkVqa',
    [{ image_id: 1, question_id: '2x', question: 'Why?', choices: ['a'], difficult_direct_answer: false }],
  ],
  ['vizWiz', [{ image: 'VizWiz_train_00000000.jpg', question: 'What?', answers, answerable: 1 }]],
  [
    'vizWizTable',
    lines({ question_id: 'VizWiz_val_00000000', question: 'What?', answers: ['a'], category: 'other' }),
  ],
  ['vizWizTest', [{ image: 'VizWiz_test_00000000.jpg', question: 'What?' }]],
  ['albefVqa', [{ question_id: 1, question: 'Why?', image: 'val2014/a.jpg', answer: ['x'], dataset: 'vqa' }]],
  ['albefNlvr2', [{ sentence: 'Two dogs.', label: 'True', images: ['dev/a.png', 'dev/b.png'] }]],
  [
    'llavaQuestions',
    lines({ question_id: '1', image: 'n1.jpg', text: 'Why?\nAnswer.', category: 'default' }),
  ],
  [
    'llavaAnswers',
    lines({ question_id: 1, prompt: 'Why?', text: 'no', answer_id: 'x' }, { question_id: 2, answer_id: 'y' }),
  ],
  ['llavaTraining', [{ id: '1', image: 'a.jpg', conversations: [{ from: 'human', value: 'Why?' }] }]],
  ['custom', lines({ id: 1, image: 'a', text: 'Why?', labels: 'no' }, { id: 2 })],
  ['custom', lines({ id: 1, image: 'a', text: 'Why?', labels: 'no' })],
  ['customUnlabelled', lines({ id: 1, images: ['a', 'b'], text: 'Why?' })],
  ['custom', [{ id: 1, image: 'a', text: 'Why?', labels: 'no' }]],
  ['captions', lines({ image: 'a', text: 'A dog.' }, { image: 'b', text: 'A cat.' })],
  ['captionRecords', [{ image: 'a.jpg', caption: 'A dog.', image_id: 'a' }]],
  [
    'cocoCaptions',
    { info: {}, images: [{ id: 1, file_name: 'a.jpg' }], annotations: [{ image_id: 1, caption: 'A dog.' }] },
  ],
  [
    'cocoInstances',
    { images: [{ id: 1, file_name: 'a.jpg' }], annotations: [{ image_id: 1, bbox: [1, 2, 3, 4] }] },
  ],
  [
    'captionSplits',
    { images: [{ filename: 'a.jpg', split: 'val', sentences: [{ raw: 'A dog.' }] }], dataset: 'coco' },
  ],
  ['visualGenome', [{ id: 1, qas: [{ question: 'Why?', answer: 'No.' }] }]],
  ['label2ans', ['yes', 'no', '2']],
  ['ans2label', { red: 0, yes: 1, 2: 2 }],
  ['label2ansObject', { 0: 'red', 1: 'yes' }],
  ['pretrainingAnswers', [{ ans: 'yes', dsets: ['vqa'] }]],
  ['huggingFaceConfig', { model_type: 'lxmert', hidden_size: 768 }],
  ['huggingFaceConfig', { id2label: { 0: 'red' }, label2id: { red: 0 } }],
  ['jsonVocabulary', { '[PAD]': 0, '[CLS]': 1 }],
  ['vqaPredictions', [{ question_id: 1, answer: 'red' }]],
  ['vqaPredictions', `\ufeff${JSON.stringify([{ question_id: 1, answer: 'red' }])}`],
  ['vqaPredictions', lines({ question_id: 1, answer: 'red' }, { question_id: 2, answer: null })],
  ['vqaPredictionsWrapped', { annotations: [{ question_id: 1, answer: 'red' }] }],
  ['gqaPredictions', [{ questionId: '1', prediction: 'red' }]],
  ['predictionsById', { 50000: 'red', 50001: 'yes' }],
  ['vizWizPredictions', [{ image: 'a.jpg', answer: 'red' }]],
  ['aOkVqaPredictions', { '2x': { multiple_choice: 'a', direct_answer: 'b' } }],
  ['customPredictions', lines({ id: 1, answer: 'red' }, { id: 2, answer: 'no' })],
  ['customPredictions', lines({ id: 1, answer: 'red', answers: [{ answer: 'red', probability: 0.9 }] })],
  [
    'matchPredictions',
    lines({ image: 'a', text: 'A dog.', probability: 0.5 }, { image: 'a', text: 'A cat.', probability: 0.1 }),
  ],
  ['nlvr2Predictions', 'dev-850-0-0,True\ndev-850-0-1,False\n'],
  ['nlvr2Predictions', 'dev-850-0-0, true\r\n'],
  ['boxes', lines({ image: 'a', boxes: [[1, 2, 3, 4]] })],
  ['runConfig', { task: 'vqa', maxLength: 20, settings: {}, madeBy: { lxmert: '0.2.0' } }],
  ['runScores', { overall: 0.5, numQuestions: 3, byAnswerType: [] }],
  ['runMetrics', lines({ epoch: 0, step: 10, loss: 2.5 }, { epoch: 0, step: 20, loss: 2 })],
  ['weightIndex', { metadata: {}, weight_map: { a: 'model-00001-of-00002.safetensors' } }],
  ['vocabulary', '[PAD]\n[UNK]\n[CLS]\n[SEP]\nthe\n'],
  ['ids', '262148000\n262148001\n'],
  ['names', 'yes\nno\nred\n'],
];

describe('the form of a file', () => {
  it.each(forms)('%s', (form, content) => {
    expect(recogniseForm(fileOf(content))?.form).toBe(form);
  });

  it.each(forms)('%s has a way on with a command that exists', (_, content) => {
    const { wayOn, command } = recogniseForm(fileOf(content))!;
    expect(wayOn).toMatch(command === undefined ? /\.$/ : /: lxmert /);
    if (command !== undefined) expect(faultOfCommand(command)).toBeUndefined();
    for (const [named] of wayOn.matchAll(/lxmert [a-z]+( [a-z0-9-]+)?/g)) {
      expect(faultOfCommand(named, false), wayOn).toBeUndefined();
    }
  });

  it('is seen in the beginning of a file of any size, laid out in any way', () => {
    const many = Array.from({ length: 20_000 }, (_, i) => ({ ...annotation, question_id: i, image_id: i }));
    const content = { info: { description: 'x "] } [ {' }, annotations: many, data_type: 'mscoco' };
    const started = performance.now();
    expect(recogniseForm(fileOf(content))).toMatchObject({
      form: 'vqaAnnotations',
      layout: { kind: 'list', key: 'annotations' },
    });
    expect(recogniseForm(fileOf(JSON.stringify(content, null, 4)))?.form).toBe('vqaAnnotations');
    expect(performance.now() - started).toBeLessThan(5000);
  });

  it('tells captions of COCO whose images fill the beginning by the end of the file', () => {
    const images = Array.from({ length: 20_000 }, (_, id) => ({ id, file_name: `COCO_val2014_${id}.jpg` }));
    const file = fileOf({ images, annotations: [{ image_id: 1, id: 2, caption: 'A dog.' }] });
    expect(recogniseForm(file)?.form).toBe('cocoCaptions');
  });

  it.each([
    ['text in sentences', `${'This is a long sentence about something. '.repeat(10)}\n`],
    ['an object of other keys', { a: 1.5, b: 'x' }],
    ['a list of numbers', [1, 2, 3]],
    ['a picture with a label under another key', lines({ image: 'a', text: 'A dog.', label: 'yes' })],
    ['an empty list', []],
    ['an empty object', {}],
    ['broken JSON', '{"questions": [}'],
    ['JSON nested deeper than any file', '['.repeat(100_000)],
    ['nothing', ''],
    ['keys that objects have', { __proto__: null, constructor: { imageId: 1 }, toString: 1 }],
  ])('is unknown for %s', (_, content) => {
    const file = fileOf(content);
    expect(recogniseForm(file)).toBeUndefined();
    expect(foreignFile(file, 'a list of questions')).toMatch(/ is .*; expected a list of questions\.$/);
  });
});

describe('the sentence about a foreign file', () => {
  it('names what it holds, what was expected and the command', () => {
    const file = path.join(folder, 'v2_OpenEnded_mscoco_val2014_questions.json');
    writeFileSync(file, JSON.stringify({ questions: [question] }));
    expect(foreignFile(file, 'a list of questions [{"img_id", "sent"}, ...]')).toBe(
      `${file} holds the official questions of VQA v2; expected a list of questions [{"img_id", "sent"}, ...]. ` +
        "Make the program's questions of it, together with the file of its annotations, with: " +
        `lxmert prepare vqa ${file} ANNOTATIONS.json --output data/vqa`,
    );
  });

  it('says that prepare vqa has to know a file by its name', () => {
    expect(foreignFile(fileOf({ questions: [question] }), 'x')).toMatch(
      /prepare vqa knows files by the ends of their names, such as train2014_questions\.json/,
    );
    expect(foreignFile(fileOf([annotation]), 'x')).toContain('say it with --as');
  });

  it('quotes a name with blanks for the shell', () => {
    const file = path.join(folder, "my $(file) & 'it'.json");
    writeFileSync(file, JSON.stringify({ questions: [question] }));
    expect(foreignFile(file, 'x')).toContain(
      `prepare vqa '${folder}/my $(file) & '\\''it'\\''.json' ANNOTATIONS`,
    );
  });

  it('has nothing to say where the form is the expected one', () => {
    expect(foreignFile(fileOf([{ question_id: 1, answer: 'red' }]), 'x', ['vqaPredictions'])).toBeUndefined();
  });

  it('names the keys of an object that is of no known form', () => {
    expect(foreignFile(fileOf([{ a: 1, b: 2 }]), 'x')).toMatch(
      /is a JSON list of objects with the keys "a", "b"; expected x\.$/,
    );
  });
});
