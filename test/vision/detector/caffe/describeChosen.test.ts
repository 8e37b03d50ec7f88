/** @file Regions that are chosen after estimates must be those that exact outputs choose, whatever the estimates. */

import { describe, expect, it } from 'vitest';
import { Random } from '../../../../src/common/random.js';
import { describeChosen } from '../../../../src/vision/detector/caffe/describeChosen.js';
import { selectCaffeRegions } from '../../../../src/vision/detector/caffe/selectCaffeRegions.js';
import type { RefinableRegions } from '../../../../src/vision/detector/describeRegions.js';
import type { RegionOutputs } from '../../../../src/vision/detector/labelledRegions.js';
import { CAFFE_10_100, CAFFE_36, type CaffeProfile } from '../../../../src/vision/detector/profiles.js';
import { portableSuppression } from '../../../../src/vision/detector/suppression.js';

const NUM_CLASSES = 12;
const NUM_LEVELS = 3;

/** A made-up picture: what is said of each region at each level, logits (numRegions, classes). */
interface Picture {
  readonly boxes: Float32Array;
  readonly logits: readonly Float32Array[];
}

interface Kind {
  /** Standard deviation of the logits: how sure the network is. */
  readonly certainty: number;
  /** Of the first level's error; the second's is a quarter of it. */
  readonly error: number;
  readonly numRegions?: number;
}

function normal(random: Random): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random.uniform()));
  return radius * Math.cos(2 * Math.PI * random.uniform());
}

function pictureOf(random: Random, { certainty, error, numRegions = 120 }: Kind): Picture {
  const boxes = new Float32Array(numRegions * 4);
  const exact = new Float32Array(numRegions * NUM_CLASSES);
  const objects = Array.from({ length: 12 }, () => ({
    x: random.uniform() * 400,
    y: random.uniform() * 300,
    logits: Array.from({ length: NUM_CLASSES }, () => certainty * normal(random)),
  }));
  for (let region = 0; region < numRegions; region++) {
    const { x, y, logits } = objects[Math.floor(random.uniform() * objects.length)]!;
    const [left, top] = [x + 30 * normal(random), y + 30 * normal(random)];
    boxes.set([left, top, left + 60 + 80 * random.uniform(), top + 60 + 80 * random.uniform()], 4 * region);
    // What shows the same object is told alike.
    for (let c = 0; c < NUM_CLASSES; c++) {
      exact[region * NUM_CLASSES + c] = logits[c]! + 0.4 * certainty * normal(random);
    }
  }
  const levels = [error, error / 4, 0].map((size) => exact.map((logit) => logit + size * normal(random)));
  return { boxes, logits: levels };
}

/** Plays the network: says of each region what the picture has at its level, and counts. */
class MadeUpRegions implements RefinableRegions {
  readonly outputs: RegionOutputs;
  readonly levels: Uint8Array;
  readonly numLevels = NUM_LEVELS;
  readonly all: readonly number[];

  constructor(readonly picture: Picture) {
    const numRegions = picture.boxes.length / 4;
    this.levels = new Uint8Array(numRegions);
    this.all = Array.from(this.levels.keys());
    this.outputs = {
      numRegions,
      boxes: picture.boxes,
      features: new Float32Array(numRegions),
      classProbabilities: new Float32Array(numRegions * NUM_CLASSES),
      attributeProbabilities: new Float32Array(numRegions * 2).fill(0.5),
    };
  }

  get numExact(): number {
    return this.levels.filter((level) => level === NUM_LEVELS).length;
  }

  refine(regions: readonly number[], level: number): Float32Array {
    const logits = new Float32Array(regions.length * NUM_CLASSES);
    regions.forEach((region, i) => {
      expect(this.levels[region]).toBeLessThan(level);
      const row = this.picture.logits[level - 1]!.subarray(region * NUM_CLASSES, (region + 1) * NUM_CLASSES);
      logits.set(row, i * NUM_CLASSES);
      const most = Math.max(...row);
      const shares = row.map((logit) => Math.exp(logit - most));
      const sum = shares.reduce((total, share) => total + share, 0);
      this.outputs.classProbabilities.set(
        shares.map((share) => share / sum),
        region * NUM_CLASSES,
      );
      this.outputs.features[region] = level === NUM_LEVELS ? region + 1 : 0;
      this.levels[region] = level;
    });
    return logits;
  }
}

function chosen(picture: Picture, profile: CaffeProfile, scale: number, isRanked: boolean) {
  const regions = new MadeUpRegions(picture);
  if (isRanked) describeChosen(regions, scale, profile, portableSuppression);
  else regions.refine(regions.all, NUM_LEVELS);
  return {
    row: selectCaffeRegions(regions.outputs, scale, profile, portableSuppression),
    numExact: regions.numExact,
  };
}

const FEW_HITS: CaffeProfile = { ...CAFFE_36, minBoxes: 5, maxBoxes: 8 };

describe('regions chosen after estimates', () => {
  it.each<[string, Kind, CaffeProfile]>([
    ['confident', { certainty: 4, error: 0.3 }, CAFFE_36],
    ['unsure', { certainty: 1.5, error: 0.1 }, CAFFE_36],
    ['badly estimated', { certainty: 2, error: 2 }, CAFFE_36],
    ['with as many as are hits', { certainty: 1.5, error: 0.1 }, CAFFE_10_100],
    ['with few of many hits', { certainty: 3, error: 0.2 }, FEW_HITS],
    ['too sure to tell apart', { certainty: 60, error: 3 }, FEW_HITS],
    ['with few hits at all', { certainty: 0.6, error: 0.05 }, FEW_HITS],
    ['of fewer than are wanted', { certainty: 2, error: 0.3, numRegions: 20 }, CAFFE_36],
  ])('are those of exact outputs: %s', (_, kind, profile) => {
    const random = new Random(11);
    for (let trial = 0; trial < 30; trial++) {
      const picture = pictureOf(random, kind);
      const scale = 1 + random.uniform();
      const exact = chosen(picture, profile, scale, false);
      expect(chosen(picture, profile, scale, true).row, `picture ${trial}`).toEqual(exact.row);
      // Features of estimates are 0 here: none may be in the row.
      expect(exact.row.features.every((value) => value > 0)).toBe(true);
    }
  });

  it('need few others to be computed exactly where estimates are good', () => {
    const random = new Random(5);
    let numExact = 0;
    for (let trial = 0; trial < 10; trial++) {
      const picture = pictureOf(random, { certainty: 3, error: 0.05, numRegions: 300 });
      numExact += chosen(picture, CAFFE_36, 1, true).numExact;
    }
    expect(numExact / 10).toBeLessThan(100);
  });

  it('are computed exactly, all of them, where an estimate is not a number', () => {
    const picture = pictureOf(new Random(7), { certainty: 3, error: 0.1 });
    picture.logits[0]!.fill(Number.NaN, 0, NUM_CLASSES);
    const regions = new MadeUpRegions(picture);
    describeChosen(regions, 1, CAFFE_36, portableSuppression);
    expect(regions.numExact).toBe(120);
  });
});
