/** @file The charts of a training run. */

import type { RunMetrics, StepCurve } from './metricsFile.js';
import type { ReportCurve, ReportSeries } from './runReport.js';

/**
 * Loss first, then the score, then what tells whether the training is sound and how fast it is.
 *
 * @param scored what an evaluation gives: a score, or the loss of a pre-training
 */
export function runCurves(metrics: RunMetrics, scored: 'score' | 'loss' = 'score'): ReportCurve[] {
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
    {
      title: `Validation ${scored}`,
      xLabel: 'epoch',
      yLabel: scored,
      series: [{ name: scored, points: epochs.map(({ epoch, score }) => [epoch, finite(score)] as const) }],
    },
    ...validationCurves(epochs),
    byStep('Norm of the gradient, before clipping', 'norm', 'gradientNorm'),
    byStep('Learning rate', 'learning rate', 'learningRate'),
    byStep('Speed', 'examples/s', 'examplesPerSecond'),
    byStep('Time spent waiting for data', '% of the time', 'dataWaitShare', 100),
    byStep('Resident memory', 'GiB', 'residentBytes', 2 ** -30),
  ];
}

/** Further numbers of the evaluations: losses in one chart, shares that are right in another. */
function validationCurves(epochs: RunMetrics['epochs']): ReportCurve[] {
  const names = [...new Set(epochs.flatMap(({ validation }) => Object.keys(validation)))];
  const chart = (title: string, yLabel: string, of: readonly string[], prefix: string): ReportCurve[] =>
    of.length === 0
      ? []
      : [
          {
            title,
            xLabel: 'epoch',
            yLabel,
            series: of.map((name) => ({
              name: name.slice(prefix.length),
              points: epochs.map(({ epoch, validation }) => [epoch, validation[name] ?? Number.NaN] as const),
            })),
          },
        ];
  const isShare = (name: string): boolean => name.startsWith(ACCURACY);
  return [
    ...chart(
      'Validation losses',
      'loss',
      names.filter((name) => !isShare(name)),
      '',
    ),
    ...chart('Right in validation', 'share', names.filter(isShare), ACCURACY),
  ];
}

/** Names of shares in the records of an evaluation begin with it. */
const ACCURACY = 'accuracy_';

function stepSeries({ curves }: RunMetrics, curve: StepCurve, name: string, scale = 1): ReportSeries {
  return { name, points: curves[curve].points.map(([x, y]) => [x, y * scale] as const) };
}
