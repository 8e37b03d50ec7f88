/** @file The tensors of a full-size pre-training model against the list of those in the published file. */

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { LXMERT_BASE, PretrainingModel, PUBLISHED_CLASSES } from '../../src/model/index.js';
import { publishedPath } from '../support/published.js';

describe('a full-size pre-training model', () => {
  it('saves the names and shapes of the published file', () => {
    const [, ...rows] = readFileSync(publishedPath('lxmert-tensors.tsv'), 'utf8').trim().split('\n');
    const published = rows.map((row) => row.split('\t').slice(0, 2).join(' '));
    using model = new PretrainingModel(LXMERT_BASE, PUBLISHED_CLASSES);
    const own = [...model.checkpointTensors()].map(([name, { shape }]) => `${name} ${shape.join('x')}`);
    expect(own.sort()).toEqual(published.sort());
  });
});
