/** @file The refusal to use features that a model was not trained on. */

import { describe, expect, it } from 'vitest';
import { assertCompatible, type Provenance, parseSettings } from '../../src/features/provenance.js';
import { unknownProvenance } from '../../src/features/unknownProvenance.js';
import { errorOf } from './support.js';

const caffe: Provenance = {
  ...unknownProvenance,
  detector: 'bottom-up-attention',
  weightsSha256: 'a'.repeat(64),
  settings: { profile: 'caffe-exact', boxes: 36 },
};
const port: Provenance = {
  ...caffe,
  weightsSha256: 'b'.repeat(64),
  settings: { profile: 'd2-maxnms', boxes: 36 },
};
const storeOf = (...provenances: Provenance[]) => ({
  featureSize: 2048,
  origins: provenances.map((provenance, i) => ({ path: `store${i}`, provenance })),
});

describe('assertCompatible', () => {
  it('accepts equal features and those of which nothing is stated', () => {
    expect(assertCompatible(storeOf(caffe), { featureSize: 2048, provenance: caffe })).toEqual([]);
    expect(assertCompatible(storeOf(caffe, caffe))).toEqual([]);
    expect(assertCompatible(storeOf(caffe), { provenance: unknownProvenance })).toEqual([]);
    expect(assertCompatible(storeOf(caffe, { ...caffe, source: 'other.tsv', createdBy: 'x' }))).toEqual([]);
  });

  it('refuses other weights and settings, naming each and the way out', async () => {
    const error = await errorOf(() =>
      assertCompatible(storeOf(port), { provenance: caffe }, { wayOut: 'pass --allow-other-features' }),
    );
    expect(error.message).toContain(`store0: the model was trained with detector weights (SHA-256) "aaaa`);
    expect(error.message).toContain('setting profile "caffe-exact", here it is "d2-maxnms".');
    expect(error.message).not.toContain('setting boxes');
    expect(error.message).toContain('or pass --allow-other-features.');
  });

  it('refuses two detectors in one run even when the model states none', async () => {
    const error = await errorOf(() => assertCompatible(storeOf(caffe, port)));
    expect(error.message).toContain(
      'store1: store0 has setting profile "caffe-exact", here it is "d2-maxnms".',
    );
  });

  it('turns differences into warnings when told to go on', () => {
    const warnings = assertCompatible(storeOf(port), { provenance: caffe }, { allowMismatch: true });
    expect(warnings).toHaveLength(2);
    expect(warnings[1]).toContain('setting profile');
  });

  it('warns when it cannot compare', () => {
    expect(assertCompatible(storeOf(unknownProvenance), { provenance: caffe })).toEqual([
      'store0 does not say which detector made it; the model was trained with bottom-up-attention.',
    ]);
  });

  it('never accepts features of another size', async () => {
    const wrongSize = () => assertCompatible(storeOf(caffe), { featureSize: 1024 }, { allowMismatch: true });
    expect((await errorOf(wrongSize)).message).toContain(
      'The model reads 1024 values for each region, but the features in store0 have 2048.',
    );
  });
});

describe('settings from words', () => {
  it('keeps numbers and truth values apart from text', () => {
    expect(parseSettings(['profile=caffe-exact', 'boxes=36', 'gray=false', 'nms=0.30', 'note=a=b'])).toEqual({
      profile: 'caffe-exact',
      boxes: 36,
      gray: false,
      nms: '0.30',
      note: 'a=b',
    });
  });

  it.each([['boxes'], ['=36'], ['boxes=']])('refuses %s', async (word) => {
    const error = await errorOf(() => parseSettings([word]));
    expect(error.message).toBe(`A detector setting has the form NAME=VALUE; found '${word}'.`);
    expect(error.exitCode).toBe(2);
    expect((await errorOf(() => parseSettings(['a=1', 'a=2']))).message).toContain('given twice');
  });
});
