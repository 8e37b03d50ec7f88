/** @file All sentences of pre-training in compact memory: about 70 bytes each with its image and its answers. */

import { LxmertError } from '../../common/errors.js';
import { sha256Of } from '../../formats/hashes/sha256.js';
import { Column } from './column.js';

/** The answers to a question: rows of the answer table with their scores, in the order of drawing. */
export interface CorpusAnswers {
  readonly rows: Int32Array;
  readonly scores: Float32Array;
}

/** One example for each sentence of each image, in the order of the files. */
export class PretrainingCorpus {
  /** @param notices what is to be said when the corpus is used, such as what was left out of it */
  constructor(
    private readonly columns: CorpusColumns,
    readonly notices: readonly string[] = [],
  ) {}

  /** The number of examples. */
  get size(): number {
    return this.columns.images.length;
  }

  /** Images that have a sentence; {@link imageOf} counts in this order. */
  get imageIds(): readonly string[] {
    return this.columns.imageIds;
  }

  /** The data sets that the sentences are from. */
  get sources(): readonly string[] {
    return this.columns.sources;
  }

  /** The place of an example's image in {@link imageIds}. */
  imageOf(example: number): number {
    this.#check(example);
    return this.columns.images[example] ?? 0;
  }

  imageIdOf(example: number): string {
    return this.imageIds[this.imageOf(example)] ?? '';
  }

  sourceOf(example: number): string {
    this.#check(example);
    return this.sources[this.columns.sourceOf[example] ?? 0] ?? '';
  }

  sentence(example: number): string {
    this.#check(example);
    const { text, textEnds } = this.columns;
    return text.toString('utf8', example === 0 ? 0 : textEnds[example - 1], textEnds[example]);
  }

  /** True for a sentence of a data set with answers, also when none of its answers is in the table. */
  isQuestion(example: number): boolean {
    this.#check(example);
    return this.columns.isQuestion[example] === 1;
  }

  /** Empty for captions. */
  answers(example: number): CorpusAnswers {
    this.#check(example);
    const { answerEnds, answers, scores } = this.columns;
    const start = example === 0 ? 0 : (answerEnds[example - 1] ?? 0);
    const end = answerEnds[example] ?? start;
    return { rows: answers.subarray(start, end), scores: scores.subarray(start, end) };
  }

  /** SHA-256 in hexadecimal of all sentences, their images, and their answers, in their order. */
  contentHashes(): { readonly sentences: string; readonly images: string; readonly labels: string } {
    const { text, textEnds, sources, sourceOf, imageIds, images, isQuestion, answerEnds, answers, scores } =
      this.columns;
    return {
      sentences: sha256Of(text, bytesOf(textEnds), JSON.stringify(sources), sourceOf),
      images: sha256Of(JSON.stringify(imageIds), bytesOf(images)),
      labels: sha256Of(isQuestion, bytesOf(answerEnds), bytesOf(answers), bytesOf(scores)),
    };
  }

  #check(example: number): void {
    if (!(example >= 0 && example < this.size)) {
      throw new RangeError(`There is no example ${example} in a corpus of ${this.size}.`);
    }
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
}

export interface CorpusColumns {
  readonly imageIds: readonly string[];
  readonly sources: readonly string[];
  /** UTF-8 of all sentences, one behind the other. */
  readonly text: Buffer;
  readonly textEnds: Uint32Array;
  /** Place of each example's image. */
  readonly images: Uint32Array;
  readonly sourceOf: Uint8Array;
  readonly isQuestion: Uint8Array;
  readonly answerEnds: Uint32Array;
  readonly answers: Int32Array;
  readonly scores: Float32Array;
}

/** The text's ends are 32-bit, and a Buffer is no longer either. */
const MAX_TEXT_BYTES = 2 ** 32 - 1;
const MAX_SOURCES = 256;

export class CorpusBuilder {
  readonly #imageOf = new Map<string, number>();
  readonly #sourceOf = new Map<string, number>();
  readonly #text = new Column((length) => new Uint8Array(length));
  readonly #textEnds = new Column((length) => new Uint32Array(length));
  readonly #images = new Column((length) => new Uint32Array(length));
  readonly #sources = new Column((length) => new Uint8Array(length));
  readonly #isQuestion = new Column((length) => new Uint8Array(length));
  readonly #answerEnds = new Column((length) => new Uint32Array(length));
  readonly #answers = new Column((length) => new Int32Array(length));
  readonly #scores = new Column((length) => new Float32Array(length));

  /**
   * @param answers rows of the answer table with scores; undefined for a caption
   * @throws LxmertError for more text, or more data sets, than there is room for
   */
  add(
    imageId: string,
    source: string,
    sentence: string,
    answers: ReadonlyMap<number, number> | undefined,
  ): void {
    this.#text.pushAll(Buffer.from(sentence, 'utf8'));
    if (this.#text.length > MAX_TEXT_BYTES) {
      throw new LxmertError(
        'The sentences have more than 4 GiB of text. Pre-train on fewer files at a time.',
      );
    }
    this.#textEnds.push(this.#text.length);
    this.#images.push(placeIn(this.#imageOf, imageId));
    const sourcePlace = placeIn(this.#sourceOf, source);
    if (sourcePlace >= MAX_SOURCES) {
      throw new LxmertError(
        `The sentences are of more than ${MAX_SOURCES} data sets; the last one is '${source}'. Are the keys of sentf data sets?`,
      );
    }
    this.#sources.push(sourcePlace);
    this.#isQuestion.push(answers === undefined ? 0 : 1);
    for (const [row, score] of answers ?? []) {
      this.#answers.push(row);
      this.#scores.push(score);
    }
    this.#answerEnds.push(this.#answers.length);
  }

  finish(notices: readonly string[] = []): PretrainingCorpus {
    const text = this.#text.finish();
    const columns = {
      imageIds: [...this.#imageOf.keys()],
      sources: [...this.#sourceOf.keys()],
      text: Buffer.from(text.buffer, text.byteOffset, text.byteLength),
      textEnds: this.#textEnds.finish(),
      images: this.#images.finish(),
      sourceOf: this.#sources.finish(),
      isQuestion: this.#isQuestion.finish(),
      answerEnds: this.#answerEnds.finish(),
      answers: this.#answers.finish(),
      scores: this.#scores.finish(),
    };
    return new PretrainingCorpus(columns, notices);
  }
}

function placeIn(places: Map<string, number>, key: string): number {
  const known = places.get(key);
  if (known !== undefined) return known;
  places.set(key, places.size);
  return places.size - 1;
}
