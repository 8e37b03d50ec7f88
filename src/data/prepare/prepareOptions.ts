/** @file What all preparations are told, and how they report. */

/** Options that vqa, gqa, nlvr2 and answers share. */
export interface PrepareOptions {
  /** Official files: JSON files, zip archives of them, folders of both. */
  readonly sources: readonly string[];
  /** Replace files that are there already. Default false: an error before anything is done. */
  readonly overwrite?: boolean;
  /** Told how many rows of the named file are done; how many there are is not known before the end. */
  readonly onRows?: (file: string, numRows: number) => void;
  /** Once aborted, the work ends with the signal's reason and leaves no file. */
  readonly signal?: AbortSignal;
}

/** What became of one file of questions. */
export interface PreparedSplit {
  /** Name of the file that was written. */
  readonly file: string;
  readonly numQuestions: number;
  /** Questions that have answers in the raw files: all, or none in a test split. */
  readonly numAnswered: number;
  /** Of those, questions of which at least one answer is in the answer table. */
  readonly numWithLabel: number;
  /** Different answers of a question that are not in the answer table, summed over the questions. */
  readonly numAnswersOutsideTable: number;
  /** Questions without a word. */
  readonly numEmpty: number;
}

/** Of the questions that have answers, the share that has a label, 0 to 1; undefined where none has answers. */
export function shareWithLabel({ numAnswered, numWithLabel }: PreparedSplit): number | undefined {
  return numAnswered === 0 ? undefined : numWithLabel / numAnswered;
}

/** Rows between two reports. */
const REPORT_EVERY = 1000;

/** Counts one split while it is written. */
export class SplitCounter {
  #numQuestions = 0;
  #numAnswered = 0;
  #numWithLabel = 0;
  #numOutside = 0;
  #numEmpty = 0;

  constructor(
    private readonly file: string,
    private readonly options: Pick<PrepareOptions, 'onRows' | 'signal'>,
  ) {}

  /** @param numLabels answers in the label, or undefined for a question without answers */
  add(numLabels?: number, numOutside = 0): void {
    this.#numQuestions++;
    if (numLabels !== undefined) this.#numAnswered++;
    if (numLabels !== undefined && numLabels > 0) this.#numWithLabel++;
    this.#numOutside += numOutside;
    if (this.#numQuestions % REPORT_EVERY !== 0) return;
    this.options.signal?.throwIfAborted();
    this.options.onRows?.(this.file, this.#numQuestions);
  }

  /** Looks at the text of a question, whose row {@link add} counts. */
  seeSentence(sentence: string): void {
    if (sentence.trim() === '') this.#numEmpty++;
  }

  get result(): PreparedSplit {
    return {
      file: this.file,
      numQuestions: this.#numQuestions,
      numAnswered: this.#numAnswered,
      numWithLabel: this.#numWithLabel,
      numAnswersOutsideTable: this.#numOutside,
      numEmpty: this.#numEmpty,
    };
  }
}
