import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { encoderShapes } from '../../src/checkpoint/architecture.js';
import { canonicalName, nameIn, referenceFamily } from '../../src/checkpoint/index.js';
import { isKnownPart, namingFamily } from '../../src/checkpoint/names/tensorNames.js';
import { publishedPath } from '../support/published.js';

describe('names of every family come to one', () => {
  it.each([
    ['bert.pooler.dense.weight', 'bert.pooler.dense.weight'],
    ['module.bert.pooler.dense.weight', 'bert.pooler.dense.weight'],
    ['lxrt_encoder.model.bert.pooler.dense.weight', 'bert.pooler.dense.weight'],
    ['lxrt_encoder.model.module.bert.pooler.dense.weight', 'bert.pooler.dense.weight'],
    ['module.lxrt_encoder.model.bert.pooler.dense.weight', 'bert.pooler.dense.weight'],
    ['lxmert.pooler.dense.weight', 'bert.pooler.dense.weight'],
    ['pooler.dense.weight', 'bert.pooler.dense.weight'],
    ['encoder.visn_fc.box_fc.bias', 'bert.encoder.visn_fc.box_fc.bias'],
    ['logit_fc.3.bias', 'answer_head.logit_fc.3.bias'],
    ['module.logit_fc.3.bias', 'answer_head.logit_fc.3.bias'],
    ['answer_head.logit_fc.3.bias', 'answer_head.logit_fc.3.bias'],
    ['bert.embeddings.LayerNorm.gamma', 'bert.embeddings.LayerNorm.weight'],
    ['module.bert.embeddings.LayerNorm.beta', 'bert.embeddings.LayerNorm.bias'],
    ['cls.predictions.decoder.weight', 'cls.predictions.decoder.weight'],
    ['conv1.weight', 'conv1.weight'],
  ])('%s', (name, canonical) => {
    expect(canonicalName(name)).toBe(canonical);
  });

  it('a fine-tuned reference model has no place for pre-training heads', () => {
    expect(() => nameIn('reference-finetuned', 'cls.predictions.bias')).toThrow(/no place/);
  });

  it.each([
    [['bert.pooler.dense.bias'], 'reference-pretraining'],
    [['bert.pooler.dense.bias', 'answer_head.logit_fc.3.bias'], 'reference-finetuned'],
    [
      ['bert.pooler.dense.bias', 'answer_head.logit_fc.3.bias', 'cls.predictions.bias'],
      'reference-pretraining',
    ],
  ] as const)('%j are written as %s', (names, family) => {
    expect(referenceFamily(names)).toBe(family);
  });
});

describe('heads of tasks', () => {
  const heads = ['answer_head', 'cls.seq_relationship', 'mood_head'];

  it.each([
    [['bert.pooler.dense.bias', 'answer_head.logit_fc.3.bias', 'mood_head.bias'], 'reference-finetuned'],
    [['bert.pooler.dense.bias', 'mood_head.bias'], 'reference-pretraining'],
    [['bert.pooler.dense.bias', 'cls.seq_relationship.bias'], 'reference-pretraining'],
    [['answer_head.logit_fc.3.bias', 'sound_head.bias'], 'reference-pretraining'],
  ] as const)('%j are written as %s', (names, family) => {
    expect(referenceFamily(names, heads)).toBe(family);
  });

  it.each(['reference-pretraining', 'reference-finetuned', 'huggingface'] as const)(
    'keep their names in %s, there and back',
    (family) => {
      expect(nameIn(family, 'mood_head.logit_fc.0.weight', heads)).toBe('mood_head.logit_fc.0.weight');
      expect(canonicalName('mood_head.logit_fc.0.weight')).toBe('mood_head.logit_fc.0.weight');
    },
  );

  it('are unknown unless they are named', () => {
    expect(isKnownPart('mood_head.bias', heads)).toBe(true);
    expect(isKnownPart('mood_head.bias')).toBe(false);
    // A head whose name merely begins alike.
    expect(isKnownPart('mood_headline.bias', heads)).toBe(false);
    expect(() => nameIn('reference-finetuned', 'mood_head.bias')).toThrow(/no place/);
  });
});

describe('the 473 tensors of the published model', () => {
  const [, ...rows] = readFileSync(publishedPath('lxmert-tensors.tsv'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split('\t'));
  const column = (index: number): string[] => rows.map((row) => row[index]!);
  const isName = (name: string): boolean => /^[a-z]/.test(name) && name.includes('.');

  it('have the names that the list gives them, both ways', () => {
    expect(rows.length).toBe(473);
    for (const [reference, , huggingFace, , fineTuned, huggingFaceQa] of rows as string[][]) {
      expect(canonicalName(huggingFace!)).toBe(reference);
      expect(nameIn('huggingface', reference!)).toBe(huggingFace);
      if (isName(fineTuned!)) {
        expect(canonicalName(fineTuned!)).toBe(reference);
        expect(nameIn('reference-finetuned', reference!)).toBe(fineTuned);
      }
      if (isName(huggingFaceQa!)) expect(nameIn('huggingface', reference!)).toBe(huggingFaceQa);
    }
    expect(namingFamily(column(0))).toBe('reference-pretraining');
    expect(namingFamily(column(2))).toBe('huggingface');
    expect(namingFamily(column(4))).toBe('reference-finetuned');
  });

  it('are, without the heads, those that its sizes ask for, in shape and number', () => {
    const sizes = {
      vocabSize: 30522,
      hiddenSize: 768,
      intermediateSize: 3072,
      numLanguageLayers: 9,
      numVisionLayers: 5,
      numCrossLayers: 5,
      maxPositionEmbeddings: 512,
      typeVocabSize: 2,
      visualFeatureSize: 2048,
      visualBoxSize: 4,
    };
    const listed = rows
      .filter(([name]) => name!.startsWith('bert.'))
      .map(([name, shape]) => `${name} ${shape}`);
    const computed = [...encoderShapes(sizes)].map(([name, shape]) => `${name} ${shape.join('x')}`);
    expect(computed.length).toBe(449);
    expect(computed.sort()).toEqual(listed.sort());
  });
});
