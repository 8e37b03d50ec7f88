/** @file From files of predictions and annotations to official scores. */

import { LxmertError } from '../../common/errors.js';
import { readGqaChoices, readOfficialGqaQuestions } from '../../data/annotations/officialGqaQuestions.js';
import { readNlvr2Labels } from '../../data/annotations/officialNlvr2Examples.js';
import { readOfficialVqaAnnotations } from '../../data/annotations/officialVqaAnnotations.js';
import type { CoverageRules } from './coverage.js';
import { GqaScorer, type GqaScores } from './gqaMetrics.js';
import { type OodPart, OodScorer, type OodScores } from './gqaOutOfDistribution.js';
import { Nlvr2Scorer, type Nlvr2Scores, type Nlvr2SubsetName } from './nlvr2Metrics.js';
import { readNlvr2Predictions } from './nlvr2Predictions.js';
import { readGqaPredictions, readVqaPredictions } from './predictionFiles.js';
import { namesOfFiles, readTogether, type SourceFiles } from './sourceFiles.js';
import { VqaScorer, type VqaScores } from './vqaAccuracy.js';

interface ScoreSources extends CoverageRules {
  /** File of predictions. */
  readonly predictions: string;
  /** Aborting stops the reading with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

export interface VqaSources extends ScoreSources {
  /** Official annotations with the annotators' answers: a file, or several that are taken together. */
  readonly annotations: SourceFiles;
}

/**
 * Scores VQA predictions. Predictions are held in memory, the annotations are read once, one at a time.
 *
 * @throws LxmertError for a file that is not as expected, or predictions that do not meet the questions
 */
export async function scoreVqaFiles({
  predictions,
  annotations,
  signal,
  ...rules
}: VqaSources): Promise<VqaScores> {
  const scorer = new VqaScorer(await readVqaPredictions(predictions), namesOfFiles(annotations), rules);
  for await (const annotation of readTogether(annotations, readOfficialVqaAnnotations, signal))
    scorer.add(annotation);
  return scorer.finish();
}

export interface GqaSources extends ScoreSources {
  /** Official files of questions; their questions are taken together. */
  readonly questions: SourceFiles;
  /** Official choices, likewise. */
  readonly choices?: SourceFiles | undefined;
  readonly consistency: boolean;
  /** GQA-OOD's questions with frequent answers, to score by themselves, and those with rare ones. */
  readonly head?: string | undefined;
  readonly tail?: string | undefined;
}

/**
 * Scores GQA predictions. Predictions are held in memory, choices and questions are read once, one at a time.
 *
 * @throws LxmertError for a file that is not as expected, or predictions that do not meet the questions
 */
export async function scoreGqaFiles({
  predictions,
  questions,
  choices,
  head,
  tail,
  signal,
  ...options
}: GqaSources): Promise<GqaScores & Partial<OodScores>> {
  const table = await readGqaPredictions(predictions);
  const scorer = new GqaScorer(table, namesOfFiles(questions), options);
  if (choices !== undefined) {
    let numChoices = 0;
    for await (const each of readTogether(choices, readGqaChoices, signal)) {
      scorer.addChoices(each);
      numChoices++;
    }
    if (numChoices === 0) throw new LxmertError(`${namesOfFiles(choices)} holds no choices.`);
  }
  const ood = await oodScorer({ head, tail }, options);
  for await (const question of readTogether(questions, readOfficialGqaQuestions, signal)) {
    scorer.add(question);
    ood?.add(question, table);
  }
  return { ...scorer.finish(), ...ood?.finish(namesOfFiles(questions)) };
}

async function oodScorer(
  files: Readonly<Record<OodPart, string | undefined>>,
  { missing }: CoverageRules,
): Promise<OodScorer | undefined> {
  const parts: [OodPart, string, Set<string>][] = [];
  for (const part of ['head', 'tail'] as const) {
    const file = files[part];
    if (file === undefined) continue;
    const ids = new Set<string>();
    for await (const { id } of readOfficialGqaQuestions(file)) ids.add(id);
    parts.push([part, file, ids]);
  }
  return parts.length === 0 ? undefined : new OodScorer(parts, missing);
}

export interface Nlvr2Sources extends ScoreSources {
  /** Official JSON lines, or the reference's JSON array: a file, or several that are taken together. */
  readonly questions: SourceFiles;
  /** Files with the examples of a subset, in either form. */
  readonly balanced?: string | undefined;
  readonly unbalanced?: string | undefined;
}

/**
 * Scores NLVR2 predictions.
 *
 * @throws LxmertError for a file that is not as expected, or predictions that do not meet the examples
 */
export async function scoreNlvr2Files({
  predictions,
  questions,
  balanced,
  unbalanced,
  signal,
  ...rules
}: Nlvr2Sources): Promise<Nlvr2Scores> {
  const table = await readNlvr2Predictions(predictions);
  const subsets = new Map<Nlvr2SubsetName, ReadonlySet<string>>();
  for (const [name, file] of [
    ['balanced', balanced],
    ['unbalanced', unbalanced],
  ] as const) {
    if (file !== undefined) subsets.set(name, await identifiersOf(file));
  }
  const scorer = new Nlvr2Scorer(table, namesOfFiles(questions), rules, subsets);
  for await (const example of readTogether(questions, readNlvr2Labels, signal)) scorer.add(example);
  return scorer.finish();
}

async function identifiersOf(file: string): Promise<ReadonlySet<string>> {
  const ids = new Set<string>();
  for await (const { id } of readNlvr2Labels(file)) ids.add(id);
  return ids;
}
