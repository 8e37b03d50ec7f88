/** @file Where region features come from, and the refusal to mix features of different detectors. */

import { z } from 'zod';
import { LxmertError, UsageError } from '../common/errors.js';
import { RANGE_SETTING } from './featureValues.js';
import type { LabelKind } from './tsvColumns.js';

/**
 * Identity of the detector whose features a store holds. Features of another detector, or of the same one with
 * other settings, look alike and ruin accuracy without an error; so every store carries this.
 */
export interface Provenance {
  /** Name of the detector and its variant, e.g. `bottom-up-attention-36`; null when nobody said. */
  readonly detector: string | null;
  /** SHA-256 of the detector's weights file in hexadecimal; null when not known. */
  readonly weightsSha256: string | null;
  /** What else decides the numbers: profile, resize, colour order, box limits ... */
  readonly settings: Readonly<Record<string, string | number | boolean>>;
  /** File the features were taken from, without its folder; null when they were made directly. */
  readonly source: string | null;
  /** Program and version that wrote this. */
  readonly createdBy: string;
}

export const provenanceSchema = z.strictObject({
  detector: z.string().min(1).max(1000).nullable(),
  weightsSha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'should be 64 hexadecimal digits')
    .nullable(),
  settings: z.record(z.string().max(200), z.union([z.string().max(10_000), z.number(), z.boolean()])),
  source: z.string().max(10_000).nullable(),
  createdBy: z.string().max(1000),
});

/** The setting that tells which labels rows have, where not all: `objects`, or `none`. Zeros stand for those that are not there. */
export const LABELS_SETTING = 'labels';

/** The setting that says that pictures' sizes are not known (`none`): boxes are shares of the sides of a picture of 1 x 1. */
export const SIZES_SETTING = 'sizes';

/** Whether such features come without the sizes of their pictures. */
export function lacksSizes({ settings }: Pick<Provenance, 'settings'>): boolean {
  return settings[SIZES_SETTING] === 'none';
}

/** The labels that rows of such features have. */
export function labelsOf({ settings }: Pick<Provenance, 'settings'>): LabelKind {
  const stated = settings[LABELS_SETTING];
  return stated === 'none' || stated === 'objects' ? stated : 'all';
}

/** Settings about the file, not about the detector's numbers; stores that differ in them go together. */
const ABOUT_FILES: ReadonlySet<string> = new Set([LABELS_SETTING, RANGE_SETTING, SIZES_SETTING]);

/**
 * Settings from words such as `profile=caffe-exact` or `boxes=36`; numbers, `true` and `false` lose their quotes.
 *
 * @throws UsageError for a word without a name, an equals sign or a value, and for a name given twice.
 */
export function parseSettings(words: readonly string[]): Provenance['settings'] {
  const settings: Record<string, string | number | boolean> = {};
  for (const word of words) {
    const [, name, value] = /^([^=]+)=(.+)$/.exec(word) ?? [];
    if (name === undefined || value === undefined)
      throw new UsageError(`A detector setting has the form NAME=VALUE; found '${word}'.`);
    if (Object.hasOwn(settings, name)) throw new UsageError(`The detector setting '${name}' is given twice.`);
    const number = Number(value);
    settings[name] =
      value === 'true' || value === 'false' ? value === 'true' : String(number) === value ? number : value;
  }
  return settings;
}

/** What a run needs to know about the features it reads; a {@link FeatureStore} is one. */
export interface ProvenancedFeatures {
  readonly featureSize: number;
  /** One for each folder or file that was opened, with a name for messages. */
  readonly origins: readonly { readonly path: string; readonly provenance: Provenance }[];
}

/** What a checkpoint was trained on. Absent or null: not known. */
export interface ExpectedFeatures {
  readonly featureSize?: number | null;
  readonly provenance?: Pick<Provenance, 'detector' | 'weightsSha256' | 'settings'> | null;
}

export interface CompatibilityOptions {
  /** Turn differences of provenance into warnings. A different feature size stays an error. */
  readonly allowMismatch?: boolean;
  /** What to tell the user to do to go on all the same, e.g. `pass --allow-other-features`. */
  readonly wayOut?: string;
}

/**
 * Refuses features unlike those a checkpoint was trained on, and features of several detectors in one run.
 * Only what both sides state is compared.
 *
 * @returns warnings: what could not be compared and, with `allowMismatch`, what differs.
 * @throws LxmertError listing every difference and the way out.
 */
export function assertCompatible(
  store: ProvenancedFeatures,
  expected: ExpectedFeatures = {},
  options: CompatibilityOptions = {},
): string[] {
  const wantedSize = expected.featureSize ?? store.featureSize;
  if (store.featureSize !== wantedSize) {
    throw new LxmertError(
      `The model reads ${wantedSize} values for each region, but the features in ${pathsOf(store)} have ${store.featureSize}. ` +
        'Use the features that the model was trained on.',
    );
  }
  const differences: string[] = [];
  const [first] = store.origins;
  for (const { path, provenance } of store.origins) {
    if (expected.provenance) {
      for (const difference of compareProvenance(expected.provenance, provenance))
        differences.push(`${path}: the model was trained with ${difference}.`);
    }
    if (first !== undefined && first.path !== path) {
      for (const difference of compareProvenance(first.provenance, provenance))
        differences.push(`${path}: ${first.path} has ${difference}.`);
    }
  }
  if (differences.length > 0 && options.allowMismatch !== true) {
    throw new LxmertError(
      `The region features do not come from one and the same detector:\n  ${differences.join('\n  ')}\n` +
        'Results would be wrong without any other sign. Use features of the right detector' +
        `${options.wayOut === undefined ? '.' : `, or ${options.wayOut}.`}`,
    );
  }
  return [
    ...differences,
    ...store.origins.flatMap(({ path, provenance }) => unknowns(path, provenance, expected)),
  ];
}

/** Sentences such as `detector "a", here it is "b"` for each statement on which both sides differ. */
export function compareProvenance(
  wanted: Pick<Provenance, 'detector' | 'weightsSha256' | 'settings'>,
  found: Pick<Provenance, 'detector' | 'weightsSha256' | 'settings'>,
): string[] {
  const differences: string[] = [];
  const compare = (
    name: string,
    a: string | number | boolean | null,
    b: string | number | boolean | null,
  ) => {
    if (a !== null && b !== null && a !== b)
      differences.push(`${name} ${JSON.stringify(a)}, here it is ${JSON.stringify(b)}`);
  };
  compare('detector', wanted.detector, found.detector);
  compare('detector weights (SHA-256)', wanted.weightsSha256, found.weightsSha256);
  for (const name of Object.keys(wanted.settings).filter((name) => !ABOUT_FILES.has(name)))
    compare(`setting ${name}`, wanted.settings[name] ?? null, found.settings[name] ?? null);
  return differences;
}

function unknowns(path: string, provenance: Provenance, expected: ExpectedFeatures): string[] {
  if (!expected.provenance || expected.provenance.detector === null || provenance.detector !== null)
    return [];
  return [
    `${path} does not say which detector made it; the model was trained with ${expected.provenance.detector}.`,
  ];
}

function pathsOf(store: ProvenancedFeatures): string {
  return store.origins.map((origin) => origin.path).join(', ');
}
