/**
 * @file What the preparations write, whatever it was read from: the official files of a data set, those of other projects,
 * tables. A new source of questions gives splits of such rows.
 */

/** A question about an image, with what its annotators answered. */
export interface VqaRow {
  /** As feature files have it: `COCO_val2014_000000262148`. */
  readonly imageId: string;
  /** Of the type that the data set gives it. */
  readonly questionId: number | string;
  readonly question: string;
  /** As they were typed, each as often as it was given; undefined where the split has none. */
  readonly answers: readonly string[] | undefined;
  /** The answer that the data set states as the most given; undefined where it states none. */
  readonly mostGiven?: string | undefined;
  readonly questionType?: string | undefined;
  readonly answerType?: string | undefined;
}

/** The questions of one file to be written. */
export interface Split<Row> {
  /** As messages call it: `train2014`. */
  readonly name: string;
  /** Name of the file to write. */
  readonly file: string;
  /** Where the rows come from, for messages. */
  readonly source: string;
  /** The rows, each time anew. @throws LxmertError with file and place for what is not as expected */
  rows(): AsyncIterable<Row>;
}

/** A split of {@link VqaRow}s. */
export interface VqaSplit extends Split<VqaRow> {
  /** Whether a list of minival ids divides it, as VQA's validation questions. */
  readonly isVal?: boolean;
  /** Whether its answers count for the answer table that is made. */
  readonly isForTable: boolean;
  /** The most given answer of each question, where they can be read faster than with the rows. */
  mostGiven?(): AsyncIterable<string | undefined>;
}

/** A question of GQA. */
export interface GqaRow {
  readonly imageId: string;
  readonly questionId: string;
  readonly question: string;
  readonly answer: string | undefined;
  /** Without an answer: a key of the file that it may stand under, for messages. */
  readonly unreadLabelKey?: string;
}

/** A statement about two images. */
export interface Nlvr2Row {
  readonly img0: string;
  readonly img1: string;
  readonly sentence: string;
  readonly label: boolean | undefined;
  /** `split-set-pair-sentence`; undefined where the source has none. */
  readonly identifier: string | undefined;
  /** Without a label: a key of the file that it may stand under, for messages. */
  readonly unreadLabelKey?: string;
}

/** The answer that most annotators gave, of equals the first given; the data set's own word for it goes first. */
export function mostGivenAnswer({
  mostGiven,
  answers = [],
}: Pick<VqaRow, 'mostGiven' | 'answers'>): string | undefined {
  if (mostGiven !== undefined) return mostGiven;
  const counts = new Map<string, number>();
  for (const answer of answers) counts.set(answer, (counts.get(answer) ?? 0) + 1);
  let best: string | undefined;
  for (const [answer, count] of counts) {
    if (best === undefined || count > (counts.get(best) ?? 0)) best = answer;
  }
  return best;
}
