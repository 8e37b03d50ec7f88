/** @file Pairs of pictures for statements: each statement with pairs it is true of and as many it is false of. */

import type { Random } from '../../../common/random.js';
import type { Words } from '../askQuestions.js';
import type { SceneAppearances } from './scenePool.js';
import { drawStatement, STATEMENT_KINDS, type Statement, type StatementKind } from './statements.js';

/** A statement with its pairs; half of them make it true. */
export interface StatementSet {
  readonly kind: StatementKind;
  readonly sentence: string;
  readonly pairs: readonly JudgedPair[];
}

export interface JudgedPair {
  readonly left: string;
  readonly right: string;
  readonly isTrue: boolean;
}

/** As in NLVR2, where four pairs stand behind most sentences. */
const PAIRS_PER_STATEMENT = 4;
/** Pairs tried for one statement; rare things need many. */
const MAX_ATTEMPTS = 300;
/** Pairs kept of one situation to choose from. */
const MAX_KEPT = 2;

/**
 * Up to `numStatements` statements, of every kind in turn. One that the pool gives too few pairs for is dropped and
 * another drawn, so that a small pool gives fewer.
 */
export function* statementSets(
  pool: readonly SceneAppearances[],
  words: Words,
  numStatements: number,
  random: Random,
): Generator<StatementSet> {
  if (pool.length < 2) return;
  let numMade = 0;
  for (let attempt = 0; numMade < numStatements && attempt < 8 * numStatements; attempt++) {
    const kind = STATEMENT_KINDS[attempt % STATEMENT_KINDS.length] as StatementKind;
    const statement = drawStatement(kind, words, random);
    const pairs = choosePairs(statement, pool, random);
    if (pairs === undefined) continue;
    numMade++;
    yield { kind, sentence: statement.sentence, pairs };
  }
}

/** Pairs of as many situations as possible, true and false equally many, in random order. */
function choosePairs(
  statement: Statement,
  pool: readonly SceneAppearances[],
  random: Random,
): JudgedPair[] | undefined {
  const kept = new Map<string, JudgedPair[]>();
  const seen = new Set<number>();
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const i = random.integer(pool.length);
    const k = random.integer(pool.length);
    const number = i * pool.length + k;
    if (i === k || seen.has(number)) continue;
    seen.add(number);
    const [left, right] = [pool[i] as SceneAppearances, pool[k] as SceneAppearances];
    const { isTrue, situation } = statement.judge(left.appearances, right.appearances);
    const key = `${isTrue} ${situation}`;
    const pairs = kept.get(key) ?? [];
    kept.set(key, pairs);
    if (pairs.length < MAX_KEPT) pairs.push({ left: left.imageId, right: right.imageId, isTrue });
  }
  const [yes, no] = [spread(kept, true, random), spread(kept, false, random)];
  const numOfEach = Math.min(PAIRS_PER_STATEMENT / 2, yes.length, no.length);
  if (numOfEach === 0) return undefined;
  return random.shuffle<JudgedPair, JudgedPair[]>([...yes.slice(0, numOfEach), ...no.slice(0, numOfEach)]);
}

/** The kept pairs of one truth value, one of each situation before a second of any. */
function spread(
  kept: ReadonlyMap<string, readonly JudgedPair[]>,
  isTrue: boolean,
  random: Random,
): JudgedPair[] {
  const situations = [...kept.values()].filter((pairs) => pairs[0]?.isTrue === isTrue);
  random.shuffle<readonly JudgedPair[], (readonly JudgedPair[])[]>(situations);
  return Array.from({ length: MAX_KEPT }, (_, k) =>
    situations.flatMap((pairs) => pairs.slice(k, k + 1)),
  ).flat();
}
