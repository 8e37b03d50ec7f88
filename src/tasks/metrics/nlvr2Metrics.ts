/** @file The official metrics of NLVR2: accuracy, and consistency over the image pairs of a sentence. */

import { LxmertError } from '../../common/errors.js';
import type { Nlvr2Label } from '../../data/annotations/officialNlvr2Examples.js';
import { formatCount } from '../../formats/numbers.js';
import { Coverage, type CoverageCounts, type CoverageRules, type NotComputed } from './coverage.js';
import type { PredictionTable } from './predictionTable.js';
import { Tally } from './tally.js';

/** Subsets that the data set's authors publish beside dev and test1. */
export type Nlvr2SubsetName = 'balanced' | 'unbalanced';

/** Accuracy on some of the examples. */
export interface Nlvr2SubsetScore {
  readonly name: Nlvr2SubsetName;
  /** Null when none of its examples was scored. */
  readonly accuracy: number | null;
  readonly numExamples: number;
}

/** The official scores of a file of predictions. All are fractions from 0 to 1. */
export interface Nlvr2Scores extends CoverageCounts {
  /** Examples that were scored. */
  readonly numExamples: number;
  readonly accuracy: number;
  /** Fraction of the sentences that are judged rightly with every one of their image pairs. */
  readonly consistency: number | null;
  /** Sentences that consistency is taken over. */
  readonly numSentences: number;
  readonly subsets: readonly Nlvr2SubsetScore[];
  readonly notComputed: readonly NotComputed[];
  /** What a person should know of the files, in sentences. */
  readonly notes: readonly string[];
}

/**
 * The sentence that an identifier `split-set-pair-sentence` belongs to: the identifier without its pair, as in
 * `dev-850--0`. Undefined for another form.
 */
export function sentenceGroup(identifier: string): string | undefined {
  const fields = identifier.split('-');
  if (fields.length !== 4) return undefined;
  const [split, set, , sentence] = fields;
  return `${split}-${set}--${sentence}`;
}

/** Scores predictions while examples go by. */
export class Nlvr2Scorer {
  private readonly coverage: Coverage;
  private readonly overall = new Tally();
  /** Whether each sentence has been judged rightly so far. */
  private readonly sentences = new Map<string, boolean>();
  private ungrouped: string | undefined;
  private readonly subsets: readonly { name: Nlvr2SubsetName; tally: Tally; ids: Set<string> }[];

  /**
   * @param file The examples' file, for errors
   * @param subsets Identifiers of each subset
   */
  constructor(
    private readonly predictions: PredictionTable,
    private readonly file: string,
    private readonly rules: CoverageRules,
    subsets: ReadonlyMap<Nlvr2SubsetName, ReadonlySet<string>> = new Map(),
  ) {
    this.coverage = new Coverage(predictions, file, rules);
    this.subsets = [...subsets].map(([name, ids]) => ({ name, tally: new Tally(), ids: new Set(ids) }));
  }

  /** @throws LxmertError for an example that was there before */
  add({ id, label }: Nlvr2Label): void {
    const members = this.subsets.filter(({ ids }) => ids.delete(id));
    const index = this.coverage.take(id);
    if (index === undefined && this.rules.missing === 'skip') return;
    const isRight = index !== undefined && this.predictions.answerAt(index) === (label ? 'true' : 'false');
    this.overall.add(isRight ? 1 : 0);
    for (const { tally } of members) tally.add(isRight ? 1 : 0);
    const group = sentenceGroup(id);
    if (group === undefined) this.ungrouped ??= id;
    else this.sentences.set(group, isRight && (this.sentences.get(group) ?? true));
  }

  /** @throws LxmertError when examples, predictions and subsets do not meet and the rules do not allow it */
  finish(): Nlvr2Scores {
    const counts = this.coverage.finish();
    for (const { name, ids } of this.subsets) {
      const [first] = ids;
      if (first === undefined) continue;
      throw new LxmertError(
        `${formatCount(ids.size, 'example')} of the ${name} subset ${ids.size === 1 ? 'is' : 'are'} not in ${this.file}, '${first}' for one. Are they of the same split?`,
      );
    }
    const notComputed: NotComputed[] = [];
    if (this.ungrouped !== undefined) {
      const needs = `identifiers of the form split-set-pair-sentence, which '${this.ungrouped}' is not`;
      notComputed.push({ metric: 'consistency', needs });
    }
    for (const name of ['balanced', 'unbalanced'] as const) {
      if (this.subsets.some((subset) => subset.name === name)) continue;
      notComputed.push({ metric: `accuracy ${name}`, needs: `the file of the ${name} subset (--${name})` });
    }
    const numConsistent = [...this.sentences.values()].filter(Boolean).length;
    return {
      numExamples: this.overall.count,
      ...counts,
      accuracy: this.overall.mean ?? 0,
      consistency: this.ungrouped === undefined ? numConsistent / this.sentences.size : null,
      numSentences: this.ungrouped === undefined ? this.sentences.size : 0,
      subsets: this.subsets.map(({ name, tally }) => ({
        name,
        accuracy: tally.mean,
        numExamples: tally.count,
      })),
      notComputed,
      notes: [...this.predictions.notes, ...this.coverage.notes],
    };
  }
}
