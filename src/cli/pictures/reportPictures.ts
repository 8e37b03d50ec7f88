/** @file Pictures for `lxmert report`: questions of a file, and those that the run answered wrong, with pages on why. */

import path from 'node:path';
import { UsageError } from '../../common/errors.js';
import { makeFolder } from '../../common/makeFolder.js';
import { explanationOf } from '../../explain/explanation.js';
import { FeatureStore } from '../../features/index.js';
import { disposeModels } from '../../inference/ensemble.js';
import { imageRegionsFrom } from '../../inference/imageRegions.js';
import { type LoadedModel, loadAnsweringModel } from '../../inference/modelFolder.js';
import { answeredExample, answeredExamples, pictureOf } from '../../report/answeredExamples.js';
import type { ReportExample, ReportPictures } from '../../report/index.js';
import { loadTask, type Mistakes, readExamples, type WrongAnswer } from '../../tasks/index.js';
import { loadPublishedNames } from '../../vision/detector/labelFiles.js';
import type { CommandContext } from '../command.js';
import { repeatCommand } from '../repeat.js';
import { checkFeatures, featuresOf } from '../sharedOptions/modelOptions.js';
import { writeExplanation } from './explanationFile.js';

export interface PictureOptions {
  readonly features?: readonly string[] | undefined;
  readonly images?: string | undefined;
  readonly questions?: string | undefined;
  readonly numExamples: number;
  readonly weights: 'BEST' | 'LAST';
  readonly allowOtherFeatures: boolean;
}

type Shown = Pick<CommandContext<unknown, unknown>, 'notice' | 'progress' | 'signal'>;

/** Answers to explain: the wrong one, and what came next. */
const NUM_EXPLAINED = 3;

/**
 * Nothing without the options; only with them a model and its features are opened. Pages on why an answer was given are
 * written into a folder beside the report.
 *
 * @param page the report
 * @throws UsageError for some of the options without the others
 */
export async function picturesFor(
  run: string,
  page: string,
  given: PictureOptions,
  mistakes: Mistakes | undefined,
  shown: Shown,
): Promise<ReportPictures> {
  const { features, images, questions } = given;
  if (features === undefined && images === undefined && questions === undefined) return {};
  if (features === undefined || images === undefined || questions === undefined) {
    throw new UsageError(
      'Pictures with answers need --features, --images and --questions together; give all three or none.',
    );
  }
  using store = FeatureStore.open(features);
  const answering = await loadAnsweringModel({ model: run, weights: given.weights });
  try {
    for (const note of answering.notes) shown.notice(note);
    checkFeatures(store, featuresOf(answering), given.allowOtherFeatures, shown.notice);
    const asked = await readExamples(await loadTask(answering.task ?? 'vqa'), [questions]);
    const { numExamples } = given;
    const sources = { answering, store, images, questions: asked, name: questions, numExamples };
    return {
      examples: await answeredExamples(sources),
      wrongExamples: await wrongExamples(sources, features, page, mistakes?.surestWrong ?? [], shown),
    };
  } finally {
    disposeModels(answering);
  }
}

interface Sources {
  readonly answering: LoadedModel;
  readonly store: FeatureStore;
  readonly images: string;
  readonly numExamples: number;
}

/** The surest wrong answers that there are pictures of, each with its page. */
async function wrongExamples(
  { answering, store, images, numExamples }: Sources,
  features: readonly string[],
  page: string,
  wrong: readonly WrongAnswer[],
  { progress, signal }: Shown,
): Promise<ReportExample[]> {
  const chosen = wrong
    .flatMap(({ question, imageIds: [imageId = '', ...others], expected }) => {
      const picture = others.length === 0 && store.has(imageId) ? pictureOf(images, imageId) : undefined;
      return picture === undefined ? [] : [{ sentence: question, imageId, picture, expected }];
    })
    .slice(0, numExamples);
  if (chosen.length === 0) return [];
  const folder = folderBeside(page);
  await makeFolder(folder);
  const names = await loadPublishedNames();
  const examples: ReportExample[] = [];
  const display = progress('Explaining', 'answers');
  try {
    for (const [i, asked] of chosen.entries()) {
      signal.throwIfAborted();
      display.update(i, chosen.length);
      const file = path.join(folder, `${i + 1}.html`);
      const { row, provenance } = await store.readStatedRow(asked.imageId);
      await writeExplanation({
        file,
        imageRegions: imageRegionsFrom(row, { hasLabels: true, names, provenance }),
        explain: async (regions, method) =>
          explanationOf(answering, regions, asked.sentence, NUM_EXPLAINED, method),
        origin: {
          picture: asked.picture,
          model: answering.weightsFiles.join(', '),
          command: repeatCommand(['explain', asked.imageId, asked.sentence], {
            model: answering.weightsFiles,
            features,
            picture: asked.picture,
          }),
        },
        picture: asked.picture,
      });
      const example = await answeredExample({ answering, store }, asked);
      examples.push({ ...example, explanation: `${path.basename(folder)}/${i + 1}.html` });
    }
    display.update(chosen.length, chosen.length);
  } finally {
    display.stop();
  }
  return examples;
}

/** `report-explanations` beside `report.html`; a page of an unusual name has no part in it, as the link is to work everywhere. */
function folderBeside(page: string): string {
  const stem = path.basename(page).replace(/\.html?$/, '');
  const name = /^[A-Za-z0-9][A-Za-z0-9_-]*$/.test(stem) ? `${stem}-explanations` : 'explanations';
  return path.join(path.dirname(page), name);
}
