/** @file Where a model lies that a person names: a run folder, a folder of Hugging Face, or a weights file, alone or in a run. */

import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { splitWeightsPath } from '../checkpoint/index.js';
import { UsageError } from '../common/errors.js';
import { savedAnswersIn, savedVocabularyIn, savedWeightsIn } from '../common/savedFiles.js';
import { MANIFEST_FILE } from '../formats/exportedManifest.js';
import { type RunConfig, readRunConfig } from '../train/runConfig.js';
import { RUN_FILES } from '../train/runFolder.js';
import { runConfigBeside } from './runConfigBeside.js';
import { weightsOfRun } from './runWeights.js';

export interface ModelPlace {
  readonly weightsFile: string;
  /** The run that the weights are of; undefined when nothing says. */
  readonly run: RunConfig | undefined;
  /** The folder's own; undefined where there is none. */
  readonly vocabularyFile: string | undefined;
  readonly answersFile: string | undefined;
  /** A weights file was named that lies in the folder of its run. */
  readonly isFileOfRun: boolean;
}

/**
 * @param weights which of a run folder
 * @throws UsageError for a folder that holds no weights, or an export of some, LxmertError for a run that cannot be read
 */
export async function findModel(model: string, weights: 'BEST' | 'LAST'): Promise<ModelPlace> {
  const { file } = splitWeightsPath(model);
  const isFolder = statSync(file, { throwIfNoEntry: false })?.isDirectory() ?? false;
  return isFolder ? await inFolder(model, weights) : await aroundFile(model, file);
}

async function inFolder(folder: string, weights: 'BEST' | 'LAST'): Promise<ModelPlace> {
  if (existsSync(path.join(folder, MANIFEST_FILE))) {
    throw new UsageError(
      `'${folder}' is an exported model, which answer, explain, match, serve and predict take, each by itself. For all else name the run folder or the weights that it was exported from.`,
    );
  }
  const configFile = path.join(folder, RUN_FILES.config);
  const saved = savedWeightsIn(folder);
  if (saved !== undefined && (await runConfigBeside(configFile)) === undefined) {
    return {
      weightsFile: saved,
      run: undefined,
      vocabularyFile: savedVocabularyIn(folder),
      answersFile: await savedAnswersIn(folder),
      isFileOfRun: false,
    };
  }
  if (!existsSync(configFile)) {
    throw new UsageError(
      `'${folder}' is a folder without a ${RUN_FILES.config}, so it is no run folder. Name the weights file in it, such as BEST.pth.`,
    );
  }
  const run = await readRunConfig(configFile);
  return {
    weightsFile: weightsOfRun(folder, weights, run.task),
    run,
    vocabularyFile: path.join(folder, RUN_FILES.vocabulary),
    answersFile: path.join(folder, RUN_FILES.answers),
    isFileOfRun: false,
  };
}

/** A weights file that still lies in its run is of that run. */
async function aroundFile(weightsFile: string, file: string): Promise<ModelPlace> {
  const folder = path.dirname(file);
  const run = await runConfigBeside(path.join(folder, RUN_FILES.config));
  const [vocabularyFile, answersFile] = [RUN_FILES.vocabulary, RUN_FILES.answers].map((name) =>
    ifThere(path.join(folder, name)),
  );
  return run === undefined
    ? { weightsFile, run, vocabularyFile: undefined, answersFile: undefined, isFileOfRun: false }
    : { weightsFile, run, vocabularyFile, answersFile, isFileOfRun: true };
}

function ifThere(file: string): string | undefined {
  return existsSync(file) ? file : undefined;
}
