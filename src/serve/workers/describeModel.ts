/** @file What a model is, in a sentence or two: its parameters, what it was trained on, how much it answers right. */

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import type { LoadedModel } from '../../inference/modelFolder.js';
import { readRunConfig } from '../../train/runConfig.js';
import { RUN_FILES } from '../../train/runFolder.js';

const scoresSchema = z.object({ overall: z.number(), numQuestions: z.number() });

/** Of a run by what its folder holds; of other weights by their number alone. */
export async function describeModel({
  models,
  weightsFiles,
}: Pick<LoadedModel, 'models' | 'weightsFiles'>): Promise<string> {
  const [weights] = weightsFiles;
  const about = models.length === 1 && weights !== undefined ? await aboutRun(path.dirname(weights)) : '';
  const together = models.length > 1 ? `${models.length} models whose probabilities are averaged: ` : '';
  const numParameters = models.reduce((sum, model) => sum + model.numParameters, 0);
  return `${together}${counted(numParameters)} parameters${about}.`;
}

async function aboutRun(folder: string): Promise<string> {
  const [config, scores] = await Promise.all([
    readRunConfig(path.join(folder, RUN_FILES.config)).catch(() => undefined),
    readScores(path.join(folder, RUN_FILES.scores)),
  ]);
  const { trainingQuestions } = config?.data ?? {};
  const trained =
    trainingQuestions === undefined
      ? ''
      : `, trained on ${trainingQuestions.toLocaleString('en')} questions${config?.pixelRegions === undefined ? '' : ' about drawn shapes'}`;
  if (scores === undefined) return trained;
  const share = `${(100 * scores.overall).toFixed(1)} %`;
  return `${trained}; of ${scores.numQuestions.toLocaleString('en')} others it answers ${share} right`;
}

async function readScores(file: string): Promise<z.output<typeof scoresSchema> | undefined> {
  try {
    return scoresSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    // Of a run that is not finished, or of no run at all, there are none.
    return undefined;
  }
}

/** `775,000`, `1.2 million` */
function counted(count: number): string {
  if (count >= 1e6) return `${(count / 1e6).toFixed(1)} million`;
  return Number(count.toPrecision(3)).toLocaleString('en');
}
