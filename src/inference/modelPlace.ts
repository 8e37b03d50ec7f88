/** @file Where a model lies that a person names: a run folder, a folder of Hugging Face, or a weights file, alone or in a run. */

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { splitWeightsPath } from '../checkpoint/index.js';
import { UsageError } from '../common/errors.js';
import { savedAnswersIn, savedVocabularyIn, savedWeightsIn } from '../common/savedFiles.js';
import { MANIFEST_FILE } from '../formats/exportedManifest.js';
import { type RunConfig, readRunConfig } from '../train/runConfig.js';
import { RUN_FILES } from '../train/runFolder.js';
import { runConfigBeside } from './runConfigBeside.js';
import { weightsOfRun } from './runWeights.js';

/** Files that are named to a person. */
const MAX_NAMED = 3;

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
  if (isOfNoRun(configFile)) throw neitherRunNorWeights(folder);
  const run = await readRunConfig(configFile);
  return {
    weightsFile: weightsOfRun(folder, weights, run.task),
    run,
    vocabularyFile: path.join(folder, RUN_FILES.vocabulary),
    answersFile: path.join(folder, RUN_FILES.answers),
    isFileOfRun: false,
  };
}

/** True without the file, and for one of another kind; a run's that is damaged is told of by whoever reads it. */
function isOfNoRun(configFile: string): boolean {
  if (!existsSync(configFile)) return true;
  try {
    return !('maxLength' in (JSON.parse(readFileSync(configFile, 'utf8')) as object));
  } catch {
    return false;
  }
}

/** With the weights files that lie in the folder, which may be meant. */
function neitherRunNorWeights(folder: string): UsageError {
  const inside = readdirSync(folder)
    .filter((name) => /\.(pth|pt|bin|safetensors)$/.test(name))
    .sort();
  const names = inside.slice(0, MAX_NAMED).join(', ');
  const way =
    inside.length === 0
      ? 'Name the folder that --output of a training named, or a weights file (.pth, .bin, .safetensors).'
      : `It holds ${names}${inside.length > MAX_NAMED ? ' and others' : ''}: name the weights file that is meant, such as ${path.join(folder, inside[0] as string)}.`;
  return new UsageError(
    `'${folder}' is neither a run nor weights: it is a folder without the ${RUN_FILES.config} of a run. ${way}`,
  );
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
