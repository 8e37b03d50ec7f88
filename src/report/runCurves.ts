/** @file The charts of a training run. */

import type { RunMetrics, StepCurve } from './metricsFile.js';
import type { ReportCurve, ReportSeries } from './runReport.js';
import { WORDS_ALONE } from './scoresFile.js';

/**
 * Loss first, then the score, then what tells whether the training is sound and how fast it is.
 *
 * @param scored what an evaluation gives: a score, or the loss of a pre-training
 * @param wordsAlone the score that the questions' words alone would give
 */
export function runCurves(
  metrics: RunMetrics,
  scored: 'score' | 'loss' = 'score',
  wordsAlone?: number,
): ReportCurve[] {
  const { epochs } = metrics;
  const finite = (value: number | null): number => value ?? Number.NaN;
  const byStep = (title: string, yLabel: string, curve: StepCurve, scale = 1): ReportCurve => ({
    title,
    xLabel: 'step',
    yLabel,
    series: [stepSeries(metrics, curve, yLabel, scale)],
  });
  return [
    {
      title: 'Training loss',
      xLabel: 'step',
      yLabel: 'loss',
      series: [
        stepSeries(metrics, 'loss', 'of a batch'),
        {
          name: 'mean of an epoch',
          points: epochs.map(({ step, meanLoss }) => [step, finite(meanLoss)] as const),
        },
      ],
    },
    validationCurve(epochs, scored, wordsAlone),
    ...validationCurves(epochs),
    byStep('Norm of the gradient, before clipping', 'norm', 'gradientNorm'),
    byStep('Learning rate', 'learning rate', 'learningRate'),
    byStep('Speed', 'examples/s', 'examplesPerSecond'),
    byStep('Time spent waiting for data', '% of the time', 'dataWaitShare', 100),
    byStep('Resident memory', 'GiB', 'residentBytes', 2 ** -30),
  ];
}

/** The score after each epoch, in percent where it is a share of right answers, and what it is to be above. */
function validationCurve(
  epochs: RunMetrics['epochs'],
  scored: 'score' | 'loss',
  wordsAlone: number | undefined,
): ReportCurve {
  const isShare = scored === 'score' && epochs.every(({ score }) => score === null || score <= 1);
  const scale = isShare ? 100 : 1;
  const points = epochs.map(
    ({ epoch, score }) => [epoch, score === null ? Number.NaN : scale * score] as const,
  );
  const line = epochs.map(({ epoch }) => [epoch, scale * (wordsAlone ?? 0)] as const);
  return {
    title: `Validation ${scored}`,
    xLabel: 'epoch',
    yLabel: isShare ? `${scored}, %` : scored,
    series: [
      { name: scored, points },
      ...(wordsAlone === undefined ? [] : [{ name: WORDS_ALONE, points: line }]),
    ],
  };
}

/** Further numbers of the evaluations: losses in one chart, shares that are right in another. */
function validationCurves(epochs: RunMetrics['epochs']): ReportCurve[] {
  const names = [...new Set(epochs.flatMap(({ validation }) => Object.keys(validation)))];
  const chart = (
    title: string,
    yLabel: string,
    of: readonly string[],
    { prefix = '', scale = 1 } = {},
  ): ReportCurve[] =>
    of.length === 0
      ? []
      : [
          {
            title,
            xLabel: 'epoch',
            yLabel,
            series: of.map((name) => ({
              name: name.slice(prefix.length),
              points: epochs.map(
                ({ epoch, validation }) => [epoch, scale * (validation[name] ?? Number.NaN)] as const,
              ),
            })),
          },
        ];
  const isShare = (name: string): boolean => name.startsWith(ACCURACY);
  return [
    ...chart(
      'Validation losses',
      'loss',
      names.filter((name) => !isShare(name)),
    ),
    ...chart('Right in validation', '%', names.filter(isShare), { prefix: ACCURACY, scale: 100 }),
  ];
}

/** Names of shares in the records of an evaluation begin with it. */
const ACCURACY = 'accuracy_';

function stepSeries({ curves }: RunMetrics, curve: StepCurve, name: string, scale = 1): ReportSeries {
  return { name, points: curves[curve].points.map(([x, y]) => [x, y * scale] as const) };
}
