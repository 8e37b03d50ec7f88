/** @file GQA's consistency: whether a model that is right stays right on what follows. */

import { excerpt } from '../../common/excerpt.js';
import type { CoverageRules, NotComputed } from './coverage.js';
import type { PredictionTable } from './predictionTable.js';
import { Tally } from './tally.js';

/** Follows, for each balanced question answered rightly, the questions it entails. */
export class ConsistencyScorer {
  /** Indices of entailed predictions, or ids of questions without one, for each question answered rightly. */
  private readonly pending: { readonly predicted: Int32Array; readonly others: readonly string[] }[] = [];
  /** Questions without a prediction, which entailed ids may name. */
  private readonly missing = new Set<string>();

  constructor(
    private readonly predictions: PredictionTable,
    private readonly rules: CoverageRules,
  ) {}

  /** Notes that a question of the file has no prediction. */
  noteMissing(id: string): void {
    if (this.rules.missing === 'wrong') this.missing.add(id);
  }

  /** Notes a balanced question that was answered rightly. */
  noteRight(id: string, entailed: readonly string[]): void {
    const predicted: number[] = [];
    const others: string[] = [];
    for (const each of entailed) {
      if (each === id) continue;
      const index = this.predictions.indexOf(each);
      if (index === undefined) others.push(each);
      else predicted.push(index);
    }
    if (predicted.length + others.length > 0) {
      this.pending.push({ predicted: Int32Array.from(predicted), others });
    }
  }

  /**
   * After the last question: the mean over the noted questions of the accuracy on what each entails. Under
   * `--missing skip`, entailed questions that cannot be judged are left out, and questions that are left with none.
   */
  finish(): { readonly consistency: number } | NotComputed {
    const overall = new Tally();
    for (const { predicted, others } of this.pending) {
      const each = new Tally();
      let unknown = others.find((id) => !this.missing.has(id));
      for (const index of predicted) {
        const outcome = this.predictions.outcomeAt(index);
        if (outcome === 'right' || outcome === 'wrong') each.add(outcome === 'right' ? 1 : 0);
        else unknown ??= this.predictions.idAt(index);
      }
      if (this.rules.missing !== 'skip' && unknown !== undefined) {
        const needs = `a file with all questions: entailed question '${excerpt(unknown)}' is in none of those given`;
        return { metric: 'consistency', needs };
      }
      if (this.rules.missing === 'wrong') for (const _ of others) each.add(0);
      if (each.mean !== null) overall.add(each.mean);
    }
    if (overall.mean !== null) return { consistency: overall.mean };
    const needs = 'a balanced question that is answered rightly and entails another with a prediction';
    return { metric: 'consistency', needs };
  }
}
