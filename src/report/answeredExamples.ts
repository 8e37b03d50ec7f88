/** @file Pictures for a report: questions of a file, answered by a model. */

import { existsSync } from 'node:fs';
import path from 'node:path';
import { LxmertError } from '../common/errors.js';
import type { Question } from '../data/annotations/question.js';
import type { FeatureStore } from '../features/index.js';
import { type AnsweringModel, rankAnswers } from '../tasks/index.js';
import { thumbnailDataUri } from '../vision/thumbnail.js';
import { pictureRegions } from './pictureRegions.js';
import type { ReportExample } from './runReport.js';

export interface ExampleSources {
  readonly answering: AnsweringModel;
  readonly store: FeatureStore;
  /** Questions with labels. */
  readonly questions: readonly Question[];
  /** Where they come from, for messages. */
  readonly name: string;
  /** Folder with a picture for each image id: `<id>.jpg`, `.jpeg`, `.png` or `.webp`. */
  readonly images: string;
  readonly numExamples: number;
}

const EXTENSIONS = ['.jpg', '.jpeg', '.png', '.webp'];
const NUM_ANSWERS = 3;

/**
 * The first questions of the file about different pictures, of different kinds as long as there are such; they are
 * not chosen by the answer.
 *
 * @throws LxmertError when no question has labels, features and a picture
 */
export async function answeredExamples(sources: ExampleSources): Promise<ReportExample[]> {
  const { answering, images } = sources;
  if (answering.models.some(({ imagesPerExample }) => imagesPerExample !== 1)) {
    throw new LxmertError(
      'The model judges pairs of images, and a report shows questions about one. Leave out --features, --images and --questions.',
    );
  }
  const { questions } = sources;
  const chosen = chooseQuestions(questions, sources);
  if (chosen.length === 0) {
    throw new LxmertError(
      `No question of ${sources.name} has an expected answer, features in the store, and a picture in '${images}' (as ID${EXTENSIONS.join(', ID')}). Name the files that belong together.`,
    );
  }
  const examples: ReportExample[] = [];
  for (const { question, imageId, picture } of chosen) {
    const labels = [...(question.labels ?? [])].sort(([, a], [, b]) => b - a);
    const { sentence } = question;
    const expected = labels.map(([answer]) => answer);
    examples.push(await answeredExample(sources, { sentence, imageId, picture, expected }));
  }
  return examples;
}

/** One question about a picture, as the model answers it. */
export async function answeredExample(
  { answering, store }: Pick<ExampleSources, 'answering' | 'store'>,
  asked: {
    readonly sentence: string;
    readonly imageId: string;
    /** A file. */
    readonly picture: string;
    readonly expected: readonly string[];
  },
): Promise<ReportExample> {
  const { sentence, imageId, picture, expected } = asked;
  const [answers = []] = rankAnswers(answering, store, [{ sentence, imageIds: [imageId] }], NUM_ANSWERS);
  return {
    imageDataUri: await thumbnailDataUri(picture),
    ...pictureRegions(store, imageId),
    question: sentence,
    expected,
    answers,
    isCorrect: expected.includes(answers[0]?.answer ?? ''),
  };
}

interface ChosenQuestion {
  readonly question: Question;
  readonly imageId: string;
  readonly picture: string;
}

function chooseQuestions(questions: readonly Question[], sources: ExampleSources): ChosenQuestion[] {
  const { store, images, numExamples } = sources;
  const chosen = new Map<string, ChosenQuestion>();
  const kinds = new Set<string>();
  // First one of each kind, then any.
  for (const anyKind of [false, true]) {
    for (const question of questions) {
      if (chosen.size === numExamples) return [...chosen.values()];
      const { questionType, labels } = question;
      const [imageId, ...others] = question.imageIds;
      if (imageId === undefined || others.length > 0) continue;
      if (labels === undefined || labels.size === 0 || chosen.has(imageId) || !store.has(imageId)) continue;
      if (!anyKind && kinds.has(questionType)) continue;
      const picture = pictureOf(images, imageId);
      if (picture === undefined) continue;
      chosen.set(imageId, { question, imageId, picture });
      kinds.add(questionType);
    }
  }
  return [...chosen.values()];
}

/** The file of an image's picture in a folder; undefined when there is none. */
export function pictureOf(folder: string, imageId: string): string | undefined {
  // An id is a name: one with a path in it would read files from elsewhere into the page.
  if (path.basename(imageId) !== imageId || imageId.includes('\0')) return undefined;
  return EXTENSIONS.map((extension) => path.join(folder, `${imageId}${extension}`)).find((file) =>
    existsSync(file),
  );
}
