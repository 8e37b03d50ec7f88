/** @file Recall at k: how often what belongs together is found among the k best, sentences for images and the other way. */

/** The k of the field's tables (COCO and Flickr30k retrieval). */
const RECALL_AT = [1, 5, 10] as const;

export interface RecallAt {
  readonly k: number;
  /** The share of queries that have at least one that belongs to them among the k best, 0 to 1. */
  readonly recall: number;
  /** What an order drawn at random gives in the mean. */
  readonly chance: number;
}

/** One number for each image with each sentence: the higher, the better they fit. */
export interface FitScores {
  readonly numImages: number;
  readonly numSentences: number;
  of(image: number, sentence: number): number;
}

export interface RetrievalRecall {
  readonly sentencesForImage: readonly RecallAt[];
  readonly imagesForSentence: readonly RecallAt[];
}

/**
 * Recall in both directions. Everything that does not belong to a query and scores as high as its best stands before
 * it: a model that says the same of all finds nothing.
 *
 * @param pairs what belongs together; each image and each sentence is in at least one, and may be in several
 */
export function retrievalRecall(
  scores: FitScores,
  pairs: Iterable<readonly [image: number, sentence: number]>,
): RetrievalRecall {
  const { numImages, numSentences } = scores;
  const ofImage = emptySets(numImages);
  const ofSentence = emptySets(numSentences);
  for (const [image, sentence] of pairs) {
    ofImage[image]?.add(sentence);
    ofSentence[sentence]?.add(image);
  }
  return {
    sentencesForImage: recallOf(ofImage, numSentences, (image, sentence) => scores.of(image, sentence)),
    imagesForSentence: recallOf(ofSentence, numImages, (sentence, image) => scores.of(image, sentence)),
  };
}

/** @param own what belongs to each query, among `numCandidates` */
function recallOf(
  own: readonly ReadonlySet<number>[],
  numCandidates: number,
  scoreOf: (query: number, candidate: number) => number,
): RecallAt[] {
  const ranks = own.map((belonging, query) =>
    rankOfBest(belonging, numCandidates, (candidate) => scoreOf(query, candidate)),
  );
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
  return RECALL_AT.map((k) => ({
    k,
    recall: mean(ranks.map((rank) => Number(rank <= k))),
    chance: mean(own.map(({ size }) => chanceOfRecall(size, numCandidates, k))),
  }));
}

/** From 1. */
function rankOfBest(
  belonging: ReadonlySet<number>,
  numCandidates: number,
  scoreOf: (candidate: number) => number,
): number {
  const best = [...belonging].reduce((most, each) => Math.max(most, scoreOf(each)), Number.NEGATIVE_INFINITY);
  let rank = 1;
  for (let candidate = 0; candidate < numCandidates; candidate++) {
    // Not `>=`: a score that is no number must not look like the best.
    if (!belonging.has(candidate) && !(scoreOf(candidate) < best)) rank++;
  }
  return rank;
}

/** That at least one of `numOwn` is among k that are drawn from `numCandidates`: 1 - C(N - own, k) / C(N, k). */
function chanceOfRecall(numOwn: number, numCandidates: number, k: number): number {
  let noneDrawn = 1;
  for (let drawn = 0; drawn < Math.min(k, numCandidates); drawn++) {
    noneDrawn *= Math.max(0, numCandidates - numOwn - drawn) / (numCandidates - drawn);
  }
  return 1 - noneDrawn;
}

function emptySets(count: number): Set<number>[] {
  return Array.from({ length: count }, () => new Set<number>());
}
