/** @file Names of a detector's labels that lie beside a file of features. */

import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { labelFilesBeside } from '../vision/detector/labelFiles.js';
import { areExported } from './exportedModel.js';

interface NamingOptions {
  readonly model: readonly string[];
  readonly features?: string | undefined;
  readonly objectNames?: string | undefined;
  readonly attributeNames?: string | undefined;
}

/** The options with `objects_vocab.txt` and `attributes_vocab.txt` of the features' folder, where none are named. */
export function withNamesBeside<Options extends NamingOptions>(options: Options): Options {
  const { features, model } = options;
  // An exported folder has its own.
  if (features === undefined || !existsSync(features) || areExported(model)) return options;
  const { objects, attributes } = labelFilesBeside(
    statSync(features).isDirectory() ? features : path.dirname(features),
  );
  return {
    ...options,
    objectNames: options.objectNames ?? objects,
    attributeNames: options.attributeNames ?? attributes,
  };
}
