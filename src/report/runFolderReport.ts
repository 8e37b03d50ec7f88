/** @file A run folder, in whatever state, as a report: its curves, its configuration, its scores, its log. */

import { existsSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { UsageError } from '../common/errors.js';
import { MANIFEST_FILE } from '../formats/exportedManifest.js';
import { shellWord } from '../formats/forms/index.js';
import { formatCount, formatDuration, formatGibibytes, formatNumber } from '../formats/numbers.js';
import type { Mistakes } from '../tasks/index.js';
import { pretraining, tasks } from '../tasks/registry.js';
import { type RunConfig, readableParts } from '../train/runConfig.js';
import { RUN_FILES } from '../train/runFolder.js';
import { configurationGroups } from './configurationGroups.js';
import { readLogExcerpt } from './logExcerpt.js';
import { type RecordedEpoch, type RunMetrics, readMetrics } from './metricsFile.js';
import { formatScore } from './numbers.js';
import { runCurves } from './runCurves.js';
import type { ReportAccuracy, ReportExample, ReportFact, RunReport } from './runReport.js';
import { accuracyOf, scoresSchema, WORDS_ALONE } from './scoresFile.js';
import { readSmallJson } from './smallJson.js';

/** Left by an evaluation; a run need not have it. */
const SCORES_FILE = 'scores.json';

/** The task whose score is a loss. */
const PRETRAINING = pretraining.name;

/** A report with the numbers that a program wants. */
export interface DescribedRun {
  readonly report: RunReport;
  readonly numSteps: number;
  readonly numEpochs: number;
  /** Counted from 0, as in the log. */
  readonly bestEpoch: number | undefined;
  readonly bestScore: number | undefined;
  /** What the evaluations gave: a score, or the loss of a pre-training. */
  readonly scored: 'score' | 'loss';
  /** Lines of metrics.jsonl that were left out. */
  readonly numLinesSkipped: number;
  /** Sentences on what is missing or damaged. */
  readonly problems: readonly string[];
}

const record = z.record(z.string(), z.unknown());
type ConfigFacts = Pick<Partial<RunConfig>, 'task' | 'settings' | 'data' | 'madeBy'>;

/** Pictures for the page. */
export interface ReportPictures {
  /** Questions that a model answered. */
  readonly examples?: readonly ReportExample[];
  /** Those that the run's best weights were surest of and wrong. */
  readonly wrongExamples?: readonly ReportExample[];
}

/**
 * Reads a run folder, finished or not. A file that is missing or damaged costs its part of the report and gives a
 * sentence.
 *
 * @param picturesOf Gives questions that a model answers, with pictures; told what the run answered wrong
 * @throws UsageError when the folder has neither a configuration nor metrics nor a log, and for an exported model
 */
export async function describeRun(
  folder: string,
  picturesOf: (mistakes: Mistakes | undefined) => Promise<ReportPictures> | ReportPictures = () => ({}),
): Promise<DescribedRun> {
  const fileOf = (name: string): string => path.join(folder, name);
  const expected = [RUN_FILES.config, RUN_FILES.metrics, RUN_FILES.log];
  if (!expected.some((name) => existsSync(fileOf(name)))) {
    throw new UsageError(
      `'${folder}' is no run folder: it has none of ${expected.join(', ')}. Name the folder that --output of a training named.`,
    );
  }
  // Its config.json is the model's, in the form of Hugging Face.
  if (existsSync(fileOf(MANIFEST_FILE)) && !existsSync(fileOf(RUN_FILES.metrics))) {
    throw new UsageError(
      `'${folder}' is an exported model, which has nothing of its training with it. Name the folder of the run that it was exported from.`,
    );
  }
  const config = await readSmallJson(fileOf(RUN_FILES.config), record);
  const scores = await readSmallJson(fileOf(SCORES_FILE), scoresSchema);
  const metrics = await readMetrics(fileOf(RUN_FILES.metrics));
  const log = await readLogExcerpt(fileOf(RUN_FILES.log));
  const facts: ConfigFacts = readableParts(config.value ?? {});
  const isPretraining = facts.task === PRETRAINING;
  const scored = isPretraining ? 'loss' : 'score';
  const best = isPretraining
    ? lowestEpoch(metrics.epochs, facts.settings?.qaFromEpoch ?? 0)
    : bestEpoch(metrics.epochs);
  const problems = [
    ...(config.value === undefined && config.problem === undefined
      ? ['There is no config.json in the run folder, so its settings are not known.']
      : []),
    ...[config.problem, scores.problem, log.problem].filter((problem) => problem !== undefined),
    ...metrics.problems,
  ];
  const { examples = [], wrongExamples = [] } = await picturesOf(scores.value?.mistakes);
  const report: RunReport = {
    // The last folder's name alone is often just 'run'.
    title: path.resolve(folder).split(path.sep).filter(Boolean).slice(-2).join('/'),
    subtitle: subtitle(facts),
    facts: shortFacts(facts, metrics, best),
    curves: runCurves(metrics, scored, scores.value?.wordsAlone?.overall),
    accuracy: scores.value === undefined ? noAccuracy : accuracyOf(scores.value),
    examples,
    mistakes: scores.value?.mistakes,
    wrongExamples,
    notes: [
      ...(metrics.epochs.length > 0 ? [EPOCHS_NOTE] : []),
      ...(scores.value?.wordsAlone === undefined ? [] : [WORDS_ALONE_NOTE]),
      ...metrics.notes,
      ...(examples.length > 0
        ? [
            'Examples are the first questions of the file, of different kinds and pictures; they are not chosen by the answer.',
          ]
        : []),
    ],
    commands: commandsFor(folder, facts.task),
    problems,
    configuration: configurationGroups(config.value ?? {}),
    log: log.lines,
  };
  return {
    report,
    numSteps: metrics.numSteps,
    numEpochs: metrics.epochs.length,
    bestEpoch: best?.epoch,
    bestScore: best?.score ?? undefined,
    scored,
    numLinesSkipped: metrics.numUnreadable,
    problems,
  };
}

/** How curves and facts number epochs. */
export const EPOCHS_NOTE = 'Epochs are counted from 0, as in the log.';

/** What the column and the line mean. */
export const WORDS_ALONE_NOTE = `${WORDS_ALONE.charAt(0).toUpperCase()}${WORDS_ALONE.slice(1)}: what the best answer to each question's words would give, as the training questions have it, without looking at the images.`;

const noAccuracy: ReportAccuracy = { caption: '', columns: [], rows: [] };

/** The first epoch with the highest score above 0: the one that the training keeps as BEST. */
function bestEpoch(epochs: readonly RecordedEpoch[]): RecordedEpoch | undefined {
  let best: RecordedEpoch | undefined;
  for (const epoch of epochs) if ((epoch.score ?? 0) > (best?.score ?? 0)) best = epoch;
  return best;
}

/** Likewise the lowest loss, of epochs with question answering where there are some: theirs has one term more. */
function lowestEpoch(epochs: readonly RecordedEpoch[], qaFromEpoch: number): RecordedEpoch | undefined {
  const scored = epochs.filter(({ score }) => score !== null);
  const answering = scored.filter(({ epoch }) => epoch >= qaFromEpoch);
  const compared = answering.length > 0 ? answering : scored;
  return compared.reduce<RecordedEpoch | undefined>(
    (best, epoch) => (best === undefined || (epoch.score ?? 0) < (best.score ?? 0) ? epoch : best),
    undefined,
  );
}

function subtitle({ task, data, madeBy }: ConfigFacts): string {
  const kind = task === undefined ? 'A training run' : `A training run on ${task}`;
  const { trainingQuestions, trainingSentences } = data ?? {};
  const trained = [
    task === PRETRAINING ? 'A pre-training' : kind,
    trainingQuestions === undefined ? '' : ` with ${formatCount(trainingQuestions, 'question')}`,
    trainingSentences === undefined ? '' : ` with ${formatCount(trainingSentences, 'sentence')}`,
  ].join('');
  return `${trained}${madeBy?.lxmert === undefined ? '' : `, by lxmert ${madeBy.lxmert}`}.`;
}

function shortFacts(
  { task, settings }: ConfigFacts,
  metrics: RunMetrics,
  best: RecordedEpoch | undefined,
): ReportFact[] {
  const { epochs, numSteps, peakResidentBytes } = metrics;
  const facts: ReportFact[] = [];
  const seconds = epochs.reduce((sum, epoch) => sum + (epoch.seconds ?? 0), 0);
  if (best !== undefined) {
    facts.push(
      task === PRETRAINING
        ? { label: 'Lowest validation loss', value: (best.score ?? 0).toFixed(4) }
        : { label: 'Best validation score', value: asScore(best.score ?? 0) },
    );
    facts.push({ label: 'Best epoch', value: String(best.epoch) });
  }
  const planned = settings?.numEpochs === undefined ? '' : ` of ${formatNumber(settings.numEpochs)}`;
  facts.push({ label: 'Epochs finished', value: `${formatNumber(epochs.length)}${planned}` });
  facts.push({ label: 'Steps recorded', value: formatNumber(numSteps) });
  if (seconds > 0) facts.push({ label: 'Time of the epochs', value: formatDuration(seconds) });
  if (peakResidentBytes !== undefined) {
    facts.push({ label: 'Peak resident memory', value: formatGibibytes(peakResidentBytes) });
  }
  return facts;
}

/** A share of right answers as percent; a score of another kind as it is. */
function asScore(score: number): string {
  return score <= 1 ? formatScore(score) : String(Number(score.toPrecision(6)));
}

function commandsFor(folder: string, task: string | undefined): string[] {
  const commands: string[] = [];
  if (task === PRETRAINING) {
    const best = path.join(folder, RUN_FILES.bestPretrained);
    if (!existsSync(best)) return commands;
    return [
      `npx lxmert evaluate pretrain SENTENCES --model ${shellWord(folder)} --features STORE`,
      `npx lxmert checkpoint info ${shellWord(best)}`,
    ];
  }
  if (!existsSync(path.join(folder, 'BEST.pth'))) return commands;
  const run = shellWord(folder);
  // A name from a file goes into no command line unchecked.
  if (tasks.some(({ name }) => name === task))
    commands.push(`npx lxmert evaluate ${task} QUESTIONS --model ${run} --features STORE`);
  commands.push(`npx lxmert checkpoint info ${shellWord(path.join(folder, 'BEST.pth'))}`);
  return commands;
}
