/** @file What a page asks about pictures: a server, or the browser itself. */

import type { ExplainedRegion } from '../../src/explain/explainedRegions.js';
import type { Explanation } from '../../src/explain/explanation.js';
import type { LoadParts } from '../view/useParts.js';
import type { KnownPicture } from './seen.js';

/** A picture that was chosen, and what was seen in it. */
export interface ShownPicture {
  /** The same for the same picture, however often it is chosen. */
  readonly id: string;
  readonly file: Blob;
  readonly name: string;
  /** An address of it in this page. */
  readonly url: string;
  readonly seen: {
    readonly width: number;
    readonly height: number;
    readonly regions: readonly ExplainedRegion[];
  };
  /** What is known of one that comes with the page. */
  readonly sample: KnownPicture | undefined;
}

/** What came back for a question. */
export interface Answered<P extends ShownPicture = ShownPicture> {
  readonly picture: P;
  readonly explanation: Explanation & { readonly model: string };
  /** Asks for what it came without. */
  readonly load: LoadParts;
}

export interface Answering<
  P extends ShownPicture = ShownPicture,
  S extends KnownPicture = KnownPicture,
  A extends Answered<P> = Answered<P>,
> {
  /** Of the page. */
  readonly title: string;
  /** What stands behind questions in titles. */
  readonly suffix: string;
  readonly samples: readonly S[];
  /** Names of what can be asked. */
  readonly models: readonly string[];
  /** Whether a sample is shown with an answer to its first question. */
  readonly answersSamples: boolean;
  readonly sampleFile: (sample: S) => Promise<Blob>;
  /** @param signal aborted when the visitor wants something else: what comes then is not shown */
  readonly see: (
    file: Blob,
    of: Pick<P, 'name' | 'url'>,
    sample: S | undefined,
    signal: AbortSignal,
  ) => Promise<P>;
  /** @param signal as of `see` */
  readonly ask: (picture: P, question: string, model: string, signal: AbortSignal) => Promise<A>;
  /** What to tell a visitor of a failure. */
  readonly sentenceOf: (error: unknown) => string;
}

/** A failure that says itself what to tell a visitor. */
export class Sentence extends Error {}
