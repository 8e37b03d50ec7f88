/** @file Examples that cannot be used since their images have no features: counted, named, and limited. */

import { LxmertError } from '../common/errors.js';
import { formatCount, formatNumber, formatPercent } from '../formats/numbers.js';
import { byPlainForm, formDifference, shownId } from './idForms.js';

/**
 * The share of the examples that may be left out unless a run says otherwise, for a few pictures that were lost. The
 * published splits of VQA, GQA and NLVR2 with the published features lose none.
 */
export const MAX_LEFT_OUT = 0.01;

/** Ids that messages and reports name. */
const NUM_NAMED = 3;

/** The images that have features. */
export interface KnownImages {
  has(imageId: string): boolean;
  /** All of them, to name one beside those that are missing, and to find ids that differ in form alone. */
  readonly imageIds?: Iterable<string>;
}

/** What was left out, as `--json` prints it. */
export interface LeftOutCounts {
  /** Examples left out because an image of theirs has no features. */
  readonly numWithoutImage: number;
  /** The first such images, three at most. */
  readonly firstWithoutImage: readonly string[];
}

/** Tells examples whose images have features from the others, and keeps account of these. */
export class LeftOut {
  #numExamples = 0;
  #numLeftOut = 0;
  /** In the order in which they were met. */
  readonly #firstImages = new Set<string>();
  /** There are others than these. */
  #hasMore = false;

  /**
   * @param name how the examples' file or split is called in messages
   * @param noun what is counted, as a plural
   */
  constructor(
    private readonly known: KnownImages,
    private readonly name: string,
    private readonly noun: 'examples' | 'images' = 'examples',
  ) {}

  /** Whether all images of an example have features; it counts as left out when not. */
  keeps({ imageIds }: { readonly imageIds: readonly string[] }): boolean {
    this.#numExamples++;
    const missing = imageIds.find((id) => !this.known.has(id));
    if (missing === undefined) return true;
    this.#numLeftOut++;
    if (this.#firstImages.size < NUM_NAMED) this.#firstImages.add(missing);
    else if (!this.#firstImages.has(missing)) this.#hasMore = true;
    return false;
  }

  /** How many examples were left out, and the first of their images. */
  get counts(): LeftOutCounts {
    return { numWithoutImage: this.#numLeftOut, firstWithoutImage: [...this.#firstImages] };
  }

  /** One line about what is left out, with ids; undefined when nothing is. */
  get notice(): string | undefined {
    if (this.#numLeftOut === 0) return undefined;
    const why = this.noun === 'images' ? 'they have' : 'their images have';
    return `${this.#share} of ${this.name} left out: ${why} no features here (${this.#named}).${this.#context()}`;
  }

  /**
   * @param maxShare of the examples, 0 to 1. With 1, all but one may be missing: without any there is nothing to do
   * @throws LxmertError when more than that is left out: names the first ids, one that has features, and the way on
   */
  check(maxShare: number): void {
    if (this.#numLeftOut === 0) return;
    const isEmpty = this.#numLeftOut === this.#numExamples;
    if (!isEmpty && this.#numLeftOut <= maxShare * this.#numExamples) return;
    const allowed = maxShare === 0 ? 'none' : `at most ${shareText(maxShare)}`;
    const [none, some] =
      this.noun === 'images'
        ? ['has features here', 'have no features here']
        : ['is about an image whose features are loaded', 'are about images without features here'];
    const what = isEmpty
      ? `None of the ${this.#numExamples === 1 ? '' : `${formatNumber(this.#numExamples)} `}${this.noun} of ${this.name} ${none}: ${this.#named}.`
      : `${this.#share} of ${this.name} ${some}, where ${allowed} may be left out: ${this.#named}.`;
    const way = isEmpty ? '' : ' --max-left-out all (in JavaScript: maxLeftOut) goes on without them.';
    throw new LxmertError(
      `${what}${this.#context()} Check that --features names the features of these images.${way}`,
    );
  }

  get #share(): string {
    const share = formatPercent(this.#numLeftOut / this.#numExamples, 1);
    return `${formatNumber(this.#numLeftOut)} of ${formatNumber(this.#numExamples)} ${this.noun} (${share})`;
  }

  get #named(): string {
    const shown = [...this.#firstImages].map(shownId).join(', ');
    return this.#hasMore ? `${shown} ...` : shown;
  }

  /** What there are features of, and whether the ids differ in form alone. */
  #context(): string {
    const known = [...(this.known.imageIds ?? [])];
    const [example] = known;
    if (example === undefined) return '';
    const forms = byPlainForm(known);
    for (const id of this.#firstImages) {
      const difference = formDifference(id, forms);
      if (difference === undefined) continue;
      return (
        ` The features have ${shownId(difference.known)}: that differs from ${shownId(id)} only by ${difference.by}.` +
        ' Write the ids of the examples as the features have them (lxmert prepare does for official files).'
      );
    }
    return ` There are features of ${formatCount(known.length, 'image')}, such as ${shownId(example)}.`;
  }
}

/** `1 %`, `0.25 %`. */
function shareText(share: number): string {
  return `${Number((100 * share).toPrecision(6))} %`;
}
