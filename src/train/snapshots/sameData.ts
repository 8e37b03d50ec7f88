/**
 * @file Which data a run was started with, as hashes: data of the same size with other content makes another run, and
 * nothing else would tell.
 */

import { UsageError } from '../../common/errors.js';
import { sha256Of } from '../../formats/hashes/sha256.js';
import type { TaskTraining } from '../../tasks/index.js';
import type { Vocabulary } from '../../text/index.js';

/** SHA-256 in hexadecimal, by the name of what was hashed. */
export type ContentHashes = Readonly<Record<string, string>>;

/** How messages call what is hashed. */
const NAMES: Readonly<Record<string, string>> = {
  answers: 'the answer table (its answers or their order; --answers, or the labels of --train)',
  vocabulary: 'the vocabulary (its entries or their order; --vocab)',
  trainingIds: 'the training examples (which they are or their order; --train)',
  trainingSentences: 'the sentences of the training examples (--train)',
  trainingImages: 'the images of the training examples (--train)',
  trainingLabels: 'the labels of the training examples (--train)',
  validationIds: 'the validation examples (which they are or their order; --valid)',
  validationSentences: 'the sentences of the validation examples (--valid)',
  validationImages: 'the images of the validation examples (--valid)',
  validationLabels: 'the labels of the validation examples (--valid)',
  features: 'the features of the images (--features)',
};

/** The name of a hash in a sentence. */
export function contentName(key: string): string {
  return NAMES[key] ?? `the data '${key}'`;
}

/** `ids` with `training` before it is `trainingIds`. */
export function withPrefix(prefix: string, hashes: object): ContentHashes {
  const entries = Object.entries(hashes) as [string, string][];
  return Object.fromEntries(
    entries.map(([key, hash]) => [`${prefix}${key.charAt(0).toUpperCase()}${key.slice(1)}`, hash]),
  );
}

/** What a run is trained with. Of answers and vocabulary it is what `sha256sum` says of the run's own files of them. */
export function contentHashesOf(
  task: Pick<TaskTraining, 'answerTable' | 'contentHashes'>,
  vocabulary: Vocabulary | undefined,
): ContentHashes {
  const { answerTable } = task;
  return {
    ...(answerTable !== undefined && { answers: sha256Of(JSON.stringify(answerTable.answers)) }),
    ...(vocabulary !== undefined && { vocabulary: sha256Of(`${vocabulary.entries.join('\n')}\n`) }),
    ...task.contentHashes?.(),
  };
}

/**
 * Compares what both name.
 *
 * @returns the parts that could not be compared, since the run kept no hash of them
 * @throws UsageError that names what differs
 */
export function requireSameData(before: ContentHashes, now: ContentHashes): string[] {
  const differing = Object.keys(now).filter((key) => before[key] !== undefined && before[key] !== now[key]);
  // Where the examples are others, or in another order, so is all that is said of them.
  const causes = differing.filter((key) => {
    const split = /^(training|validation)(?!Ids$)/.exec(key)?.[1];
    return split === undefined || !differing.includes(`${split}Ids`);
  });
  if (causes.length > 0) {
    throw new UsageError(
      `The run was started with other data of the same size. Changed since: ${causes.map(contentName).join('; ')}. Resume with the files that the run was started with, or start a new run with another --output. The run is untouched.`,
    );
  }
  return Object.keys(now).filter((key) => before[key] === undefined);
}
