import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { disposeModels } from '../../src/inference/ensemble.js';
import { loadModel, type ModelSource } from '../../src/inference/modelFolder.js';
import { loadVocabulary } from '../../src/text/vocabularyFile.js';
import { temporaryFolder } from '../features/support.js';
import { publishedPath } from '../support/published.js';
import { writeSavedModel } from '../support/savedModel.js';
import { ANSWERS, WORDS } from '../support/tinyLxmert.js';

const root = temporaryFolder();
const at = (name: string): string => path.join(root, name);
const jsonOf = (file: string): string[] => JSON.parse(readFileSync(file, 'utf8')) as string[];

/** What of a model its companions decide. */
async function loaded(source: ModelSource) {
  const model = await loadModel(source);
  disposeModels(model);
  const { answerTable, tokenizer, notes } = model;
  return { answers: answerTable.answers, words: tokenizer.vocabulary.entries, notes };
}

describe('a folder that save_pretrained wrote', () => {
  it('has its word pieces in tokenizer.json and its answers in id2label', async () => {
    const labels = ANSWERS.map((answer) => `${answer}!`);
    await writeSavedModel(at('saved'), { vocabulary: 'tokenizer.json', labels });
    const { answers, words } = await loaded({ model: at('saved') });
    expect([answers, words]).toEqual([labels, WORDS]);
  });

  it('has nearer answers in a table than in id2label; placeholders are no answers', async () => {
    await writeSavedModel(at('table'), { answers: ANSWERS, labels: ANSWERS.map((_, i) => `LABEL_${i}`) });
    expect((await loaded({ model: at('table') })).answers).toEqual(ANSWERS);
    rmSync(at('table/trainval_label2ans.json'));
    await expect(loaded({ model: at('table') })).rejects.toThrow(
      /holds no answer table: name one with --answers/,
    );
  });
});

describe('a path that is neither a run nor weights', () => {
  const refusal = (name: string) => expect(loadModel({ model: at(name) })).rejects;

  it('is called that, and the weights in it are named', async () => {
    mkdirSync(at('neither'));
    await refusal('neither').toThrow(/neither a run nor weights.*Name the folder that --output/);
    writeFileSync(at('neither/config.json'), JSON.stringify({ name: 'something else' }));
    await refusal('neither').toThrow(/neither a run nor weights/);
    writeFileSync(at('neither/Epoch01.pth'), 'x');
    await refusal('neither').toThrow(/It holds Epoch01\.pth: name the weights file that is meant/);
    writeFileSync(at('neither/words.txt'), 'only words');
    await refusal('neither/words.txt').toThrow(/the file holds no weights/);
  });

  it('is told from a run whose configuration is damaged', async () => {
    mkdirSync(at('damaged'));
    writeFileSync(at('damaged/config.json'), '{"maxLength": 20,');
    await refusal('damaged').toThrow(/config\.json/);
    await refusal('damaged').not.toThrow(/neither/);
  });
});

describe('weights of the published sizes', () => {
  it.each([
    [3129, 'vqa', 'VQA v2'],
    [1842, 'gqa', 'GQA'],
  ])('with %i answers are of %s where nothing else is known', async (numAnswers, set, title) => {
    await writeSavedModel(at(set), { vocabSize: 30_522, numAnswers, vocabulary: 'none' });
    const alone = at(`${set}-alone`);
    mkdirSync(alone);
    renameSync(at(`${set}/model.safetensors`), path.join(alone, 'weights.safetensors'));
    const { answers, words, notes } = await loaded({
      model: path.join(alone, 'weights.safetensors'),
      numAttentionHeads: 2,
    });
    expect(answers).toEqual(jsonOf(publishedPath('lxmert', set, 'trainval_label2ans.json')));
    expect(words).toEqual((await loadVocabulary(publishedPath('bert', 'vocab.txt'))).entries);
    expect(notes.join(' ')).toContain(`answers are taken for those of ${title} as published`);
    expect(notes.join(' ')).toContain('30,522 word pieces are taken for those of BERT base');
  });

  it('take what is named before it', async () => {
    await writeSavedModel(at('named'), { vocabSize: 30_522, numAnswers: 1842, vocabulary: 'none' });
    const own = Array.from({ length: 1842 }, (_, i) => `own ${i}`);
    writeFileSync(at('own.json'), JSON.stringify(own));
    expect((await loaded({ model: at('named'), answers: at('own.json') })).answers).toEqual(own);
  });
});

describe('tokenizer.json', () => {
  const entries = Object.fromEntries(WORDS.map((word, id) => [word, id]));
  it.each([
    ['not JSON', '{', 'is not valid JSON'],
    ['of bytes', { model: { type: 'BPE', vocab: entries } }, 'is a tokenizer of another kind (BPE)'],
    [
      'in capitals',
      { normalizer: { lowercase: false }, model: { type: 'WordPiece', vocab: entries } },
      'keeps capital letters',
    ],
    [
      'with a gap',
      { model: { type: 'WordPiece', vocab: { ...entries, '##s': 99 } } },
      'numbers its entries otherwise than 0, 1, 2',
    ],
    [
      'with its own mark',
      { model: { type: 'WordPiece', vocab: entries, continuing_subword_prefix: '@@' } },
      "otherwise than with '##'",
    ],
  ])('%s is told from a vocabulary', async (_, content, message) => {
    const file = at('tokenizer.json');
    writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
    await expect(loadVocabulary(file)).rejects.toThrow(message);
  });
});
