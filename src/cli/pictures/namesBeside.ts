/** @file Names of a detector's labels that lie beside a file of features. */

import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { labelFilesBeside, labelFilesIn, loadLabelNames } from '../../vision/detector/labelFiles.js';
import type { LabelNames } from '../../vision/detector/labelNames.js';
import { areExported } from '../models/exportedModel.js';

interface NamingOptions {
  readonly model: readonly string[];
  readonly features?: string | undefined;
  readonly objectNames?: string | undefined;
  readonly attributeNames?: string | undefined;
}

/** The names that are given, else those beside the features, else the published. */
export async function namesOfFeatures({
  features,
  objectNames,
  attributeNames,
}: NamingOptions & { readonly features: string }): Promise<LabelNames> {
  const beside = labelFilesIn(folderOf(features));
  return await loadLabelNames(
    { objects: objectNames ?? beside.objects, attributes: attributeNames ?? beside.attributes },
    undefined,
  );
}

function folderOf(features: string): string {
  return statSync(features).isDirectory() ? features : path.dirname(features);
}

/** The options with `objects_vocab.txt` and `attributes_vocab.txt` of the features' folder, where none are named. */
export function withNamesBeside<Options extends NamingOptions>(options: Options): Options {
  const { features, model } = options;
  // An exported folder has its own.
  if (features === undefined || !existsSync(features) || areExported(model)) return options;
  const { objects, attributes } = labelFilesBeside(folderOf(features));
  return {
    ...options,
    objectNames: options.objectNames ?? objects,
    attributeNames: options.attributeNames ?? attributes,
  };
}
