/** @file Which feature values a detector can have made, so that numbers of another type are not taken for features. */

import { LxmertError, UsageError } from '../common/errors.js';

/** The lowest and the highest value that is taken for a feature. */
export interface FeatureRange {
  readonly low: number;
  readonly high: number;
}

/**
 * LXMERT's detector averages 49 outputs of a ReLU: none is below 0. The largest in ten published pictures (737,280 values)
 * is 35.3.
 */
export const DETECTOR_RANGE: FeatureRange = { low: 0, high: 100 };

/** Other detectors' features lie in here; bits of another type, read as float32, reach 1e10 and more. */
export const PLAUSIBLE_RANGE: FeatureRange = { low: -1000, high: 1000 };

/** No detector's features lie beyond; bits of another type read as float32 do. The largest float16 value. */
const MAX_RANGE = 65504;
/** Smallest normal float32. Bits of narrower numbers read as float32 lie below, results of a network hardly ever. */
const SMALLEST_NORMAL = 2 ** -126;
/** Share of values below {@link SMALLEST_NORMAL}, zeros apart, from which on they are bits of another type. */
const MAX_SUBNORMAL_SHARE = 0.01;

/** Counts and extremes of feature values. */
export interface ValueSummary {
  readonly numValues: number;
  readonly numZeros: number;
  /** Of values that are not finite; they are in neither extreme. */
  readonly numNonFinite: number;
  /** Not zero and nearer to it than any normal float32. */
  readonly numSubnormal: number;
  readonly min: number;
  readonly max: number;
}

/** One pass over the values. */
export function summarizeValues(values: Float32Array | Float64Array): ValueSummary {
  let [numZeros, numNonFinite, numSubnormal] = [0, 0, 0];
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (value === 0) numZeros++;
    else if (value - value !== 0) {
      numNonFinite++;
      continue;
    } else if (value < SMALLEST_NORMAL && value > -SMALLEST_NORMAL) numSubnormal++;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return { numValues: values.length, numZeros, numNonFinite, numSubnormal, min, max };
}

/** Two summaries as one. */
export function joinSummaries(a: ValueSummary, b: ValueSummary): ValueSummary {
  return {
    numValues: a.numValues + b.numValues,
    numZeros: a.numZeros + b.numZeros,
    numNonFinite: a.numNonFinite + b.numNonFinite,
    numSubnormal: a.numSubnormal + b.numSubnormal,
    min: Math.min(a.min, b.min),
    max: Math.max(a.max, b.max),
  };
}

/** Of no values. */
export const NO_VALUES: ValueSummary = summarizeValues(new Float32Array(0));

/**
 * Why such values are no features; undefined when they may be.
 *
 * @returns a phrase such as `features hold values from -3.4e+38 to 1.2e+19, ...`
 */
export function findSummaryProblem(
  found: ValueSummary,
  range: FeatureRange = PLAUSIBLE_RANGE,
): string | undefined {
  const { min, max, numNonFinite, numSubnormal, numValues } = found;
  if (numNonFinite > 0)
    return `features hold ${numNonFinite} of ${numValues} values that are not finite; ${CAUSE}.`;
  if (min < range.low || max > range.high)
    return `features hold values from ${short(min)} to ${short(max)}, and those of ${rangeText(range)}; ${CAUSE}.`;
  if (numSubnormal > MAX_SUBNORMAL_SHARE * numValues)
    return `features hold ${numSubnormal} of ${numValues} values nearer to 0 than 1.2e-38, as other numbers read as float32 do; ${CAUSE}.`;
  return undefined;
}

/** Says of values that may be features that LXMERT's detector does not make such; undefined where it may have. */
export function findRangeNote({ min, max }: ValueSummary): string | undefined {
  return min < DETECTOR_RANGE.low || max > DETECTOR_RANGE.high
    ? `features from ${short(min)} to ${short(max)} are another detector's (LXMERT's gives 0 to about 35)`
    : undefined;
}

/** As {@link findSummaryProblem}, of values. */
export function findValueProblem(
  values: Float32Array | Float64Array,
  range: FeatureRange = PLAUSIBLE_RANGE,
): string | undefined {
  return findSummaryProblem(summarizeValues(values), range);
}

const CAUSE = 'they were numbers of another type (float16, float64), or are damaged';

function rangeText(range: FeatureRange): string {
  return range === PLAUSIBLE_RANGE || range === DETECTOR_RANGE
    ? `LXMERT's detector lie between 0 and about 35 (${PLAUSIBLE_RANGE.low} to ${PLAUSIBLE_RANGE.high} is read)`
    : `this detector are stated to lie between ${range.low} and ${range.high}`;
}

/** What a user states with `--feature-range LOW,HIGH`. @throws UsageError for anything else, and for a range that no detector has */
export function parseFeatureRange(text: string): FeatureRange {
  const range = readRange(text);
  if (range === undefined)
    throw new UsageError(
      `A range of features has the form LOW,HIGH, such as --feature-range=-30,30; found '${text}'.`,
    );
  if (range.low < -MAX_RANGE || range.high > MAX_RANGE)
    throw new UsageError(
      `A range of features lies within -${MAX_RANGE} and ${MAX_RANGE}, which float16 can hold; found '${text}'. ` +
        'Larger values are a sign of another number type.',
    );
  return range;
}

function readRange(text: string): FeatureRange | undefined {
  const [low, high, ...rest] = text
    .split(',')
    .map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  return low !== undefined && high !== undefined && rest.length === 0 && low < high
    ? { low, high }
    : undefined;
}

/** The setting of a provenance that states a range for another detector, as `-30,30`. */
export const RANGE_SETTING = 'featureRange';

/** The range of the detector behind a store. @throws LxmertError when it states one that does not read as `LOW,HIGH` */
export function rangeOf({
  settings,
}: {
  readonly settings: Readonly<Record<string, unknown>>;
}): FeatureRange {
  const stated = settings[RANGE_SETTING];
  if (stated === undefined) return PLAUSIBLE_RANGE;
  const range = readRange(String(stated));
  if (range === undefined)
    throw new LxmertError(
      `${RANGE_SETTING} should have the form LOW,HIGH, such as -30,30; found '${stated}'`,
    );
  return range;
}

/** `0`, `33.5`, `-1.2e+19`. */
function short(value: number): string {
  return Number.isFinite(value) ? String(Number(value.toPrecision(3))) : String(value);
}

/** `0 to 33.5, 35.1 % zeros`. */
export function formatSummary(found: ValueSummary): string {
  const { min, max, numZeros, numValues } = found;
  const other = findRangeNote(found) === undefined ? '' : " (LXMERT's detector gives 0 to about 35)";
  return `${short(min)} to ${short(max)}, ${((100 * numZeros) / numValues).toFixed(1)} % zeros${other}`;
}
