/** @file What a piece of measured work gives, and how it is held against the machine's limit. */

import type { Progress } from '../common/progress.js';
import type { AnsweringPrecision, LxmertConfig, Precision } from '../model/index.js';
import { releaseFreeMemory } from '../torch/index.js';
import { gemmRate } from './limits.js';
import { measure, type Timing } from './measure.js';
import { peakMemory, resetPeakMemory } from './peakMemory.js';

/** What all work is measured with. */
export interface BenchSettings<P extends AnsweringPrecision = Precision> {
  readonly config: LxmertConfig;
  readonly numAnswers: number;
  readonly batchSize: number;
  readonly repetitions: number;
  readonly precision: P;
  /** For what has no size in `config`: a small detector too. */
  readonly isSmall: boolean;
  /** For files; empty at first. */
  readonly folder: string;
  readonly signal?: AbortSignal | undefined;
  /** Begins to show how far a measurement is; it is stopped at the end. */
  readonly watch?: (() => Progress & { stop(): void }) | undefined;
}

/** One line of the table. */
export interface BenchResult extends Timing {
  readonly name: string;
  /** What one repetition does. */
  readonly description: string;
  /** The format of the arithmetic; absent where there is none. */
  readonly precision?: AnsweringPrecision;
  /** Examples, images or bytes a second at the least time. */
  readonly rate: number;
  readonly rateUnit: string;
  /** What the limit is, its value, and the share of it that the least time reaches. */
  readonly limit: string;
  readonly limitRate: number;
  readonly limitUnit: string;
  readonly shareOfLimit: number;
  /** Largest resident memory of the process during the work. */
  readonly peakResidentBytes: number;
  /** Further figures by name. */
  readonly details?: Readonly<Record<string, number>>;
}

/** Repetitions that are not counted. */
const WARM_UP = 2;

/** Times `work`, beginning with a tidy heap. */
export async function timed(
  settings: BenchSettings<AnsweringPrecision>,
  work: () => void | Promise<void>,
  warmUp = WARM_UP,
): Promise<Timing & { readonly peakResidentBytes: number }> {
  releaseFreeMemory();
  resetPeakMemory();
  const { repetitions, signal } = settings;
  const display = settings.watch?.();
  const onRepetition = display === undefined ? undefined : display.update.bind(display);
  try {
    const timing = await measure(work, { repetitions, warmUp, signal, onRepetition });
    return { ...timing, peakResidentBytes: peakMemory() };
  } finally {
    display?.stop();
  }
}

/**
 * Times work that consists of matrix products. Their rate is measured before and after and the better one counts:
 * what else goes on in the machine may slow one of the two.
 *
 * @param operations that are needed, of one repetition
 */
export async function timedProducts(
  settings: BenchSettings<AnsweringPrecision>,
  operations: number,
  work: () => void | Promise<void>,
  warmUp = WARM_UP,
): Promise<
  Omit<BenchResult, 'name' | 'description' | 'rate' | 'rateUnit'> & { readonly precision: AnsweringPrecision }
> {
  const { precision } = settings;
  // libtorch multiplies no matrices of 8 bits that it could be held against.
  const limit = precision === 'int8' ? 'float32' : precision;
  const before = gemmRate(limit);
  const timing = await timed(settings, work, warmUp);
  const limitRate = Math.max(before, gemmRate(limit));
  return {
    ...timing,
    precision,
    limit: `${limit} matrix products`,
    limitRate,
    limitUnit: 'FLOP/s',
    shareOfLimit: operations / timing.minSeconds / limitRate,
  };
}
