/** @file What answers when no model is named: the sample world's for its own pictures, else the published one. */

import { existsSync } from 'node:fs';
import path from 'node:path';
import { UsageError } from '../../common/errors.js';
import { hubOriginOf, isPublishedModel, PUBLISHED_DETECTOR, PUBLISHED_VQA } from '../../hub/index.js';
import { QUICKSTART_DEFAULTS } from '../../quickstart/defaults.js';
import { sampleModel } from '../../quickstart/sampleModel.js';
import { requireLibtorch } from '../../torch/index.js';
import type { CommandContext } from '../command.js';

/** What the flags say of models, and of what they are asked about. */
export interface AskedOptions {
  readonly model?: readonly string[] | undefined;
  readonly detector?: string | undefined;
  readonly features?: string | undefined;
  readonly sample?: number | undefined;
}

/**
 * Completes them: without a model the published one of VQA v2, or, of a picture of the sample world, its own; and to published
 * models that are to see a photo their detector.
 *
 * @param image the picture's file, or an image id
 * @throws UsageError for a picture that is not there; for published models where they are not there and may not be fetched; as `requireLibtorch`
 */
export async function withDefaultModels<Options extends AskedOptions>(
  options: Options,
  image: string,
  { notice, findModels }: Pick<CommandContext<unknown, unknown>, 'notice' | 'findModels'>,
): Promise<Options & { readonly model: readonly string[] }> {
  const { model = [], features } = options;
  if (model.length === 0 && isOfSampleWorld(image, options)) {
    return { ...options, model: [sampleModel({ notice })] };
  }
  const isOpen = model.length === 0;
  // Before a gigabyte is fetched.
  if (features === undefined && options.sample === undefined && !existsSync(image))
    throw new UsageError(`There is no picture at ${image}.`);
  if (isOpen) {
    requireLibtorch();
    notice(
      `No model was named: ${PUBLISHED_VQA}, the published one of VQA v2, answers (--sample N asks the small one that comes with lxmert).`,
    );
  }
  const arePublished = isOpen || model.some((each) => isPublishedModel(hubOriginOf(each)?.name ?? ''));
  const needsDetector = arePublished && options.detector === undefined && features === undefined;
  if (needsDetector) notice(`No detector was named: ${PUBLISHED_DETECTOR} finds the regions.`);
  const found = await findModels([
    ...(isOpen ? [{ text: PUBLISHED_VQA, kind: 'model' } as const] : []),
    ...(needsDetector ? [{ text: PUBLISHED_DETECTOR, kind: 'detector' } as const] : []),
  ]);
  return {
    ...options,
    model: isOpen ? found.slice(0, 1) : model,
    ...(needsDetector && { detector: found.at(-1) }),
  };
}

/** A scene that comes along, or a picture of a quickstart made here. */
function isOfSampleWorld(image: string, { sample, features }: AskedOptions): boolean {
  const world = path.resolve(QUICKSTART_DEFAULTS.folder) + path.sep;
  return (
    sample !== undefined ||
    [image, features].some((each) => each !== undefined && path.resolve(each).startsWith(world))
  );
}
