/** @file Writes the NLVR2-style files of a sample world. */

import path from 'node:path';
import { Random } from '../../../common/random.js';
import { writeJsonArray } from '../../annotations/jsonWriter.js';
import type { SampleSplit, SceneSource } from '../sceneSource.js';
import { statementSets } from './pairScenes.js';
import { scenePool } from './scenePool.js';

/** NLVR2's splits, the world's whose pictures they pair, and the word that identifiers begin with. */
export const NLVR2_SPLITS = {
  train: { scenes: 'train', identifier: 'train' },
  valid: { scenes: 'minival', identifier: 'dev' },
} as const satisfies Record<string, { scenes: SampleSplit; identifier: string }>;
export type Nlvr2Split = keyof typeof NLVR2_SPLITS;

/** Where the files lie, relative to the world's folder. */
export const NLVR2_FILES = { statements: (split: string) => path.join('nlvr2', `${split}.json`) } as const;

/** Statements for each picture of the split; with four pairs each, a picture is in ten pairs. */
const STATEMENTS_PER_IMAGE = 6;
/** About as many sentences as the real training set has. */
const MAX_STATEMENTS = 25_000;

/**
 * Writes statements about pairs of pictures, true of two pairs and false of two.
 *
 * @param onSentence told every sentence that is written
 * @returns the number of examples (a statement with a pair) of each split
 */
export async function writeNlvr2(
  folder: string,
  source: SceneSource,
  onSentence: (sentence: string) => void,
  signal?: AbortSignal,
): Promise<Record<Nlvr2Split, number>> {
  const write = (split: Nlvr2Split): Promise<number> =>
    writeJsonArray(
      path.join(folder, NLVR2_FILES.statements(split)),
      annotations(source, split, onSentence, signal),
    );
  return { train: await write('train'), valid: await write('valid') };
}

function* annotations(
  source: SceneSource,
  split: Nlvr2Split,
  onSentence: (sentence: string) => void,
  signal?: AbortSignal,
): Generator<object> {
  const { scenes, identifier } = NLVR2_SPLITS[split];
  const pool = scenePool(source, scenes, signal);
  const numStatements = Math.min(MAX_STATEMENTS, Math.ceil(STATEMENTS_PER_IMAGE * pool.length));
  const random = Random.derive(source.seed, `nlvr2 ${split}`);
  let setNumber = 0;
  let uid = 0;
  for (const { sentence, pairs } of statementSets(pool, source.words(scenes), numStatements, random)) {
    signal?.throwIfAborted();
    onSentence(sentence);
    for (const [pairNumber, { left, right, isTrue }] of pairs.entries()) {
      yield {
        // One sentence for each set of pairs; predictions on all its pairs together are what consistency counts.
        identifier: `${identifier}-${setNumber}-${pairNumber}-0`,
        img0: left,
        img1: right,
        label: isTrue ? 1 : 0,
        sent: sentence,
        uid: `nlvr2_${split}_${uid++}`,
      };
    }
    setNumber++;
  }
}
