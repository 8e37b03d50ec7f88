/** @file What a run's metrics.jsonl says, whatever state the run left it in. */

import { existsSync } from 'node:fs';
import { z } from 'zod';
import { LxmertError } from '../common/errors.js';
import { readLines } from '../formats/lines/lineReader.js';
import { formatNumber } from '../formats/numbers.js';
import { ThinnedPoints } from './thinnedPoints.js';

/** The numbers of a step's record that are drawn. */
export const STEP_CURVES = [
  'loss',
  'gradientNorm',
  'learningRate',
  'examplesPerSecond',
  'dataWaitShare',
  'residentBytes',
] as const;
export type StepCurve = (typeof STEP_CURVES)[number];

/** An epoch's record. Epochs are counted from 0, as in the log. */
export interface RecordedEpoch {
  readonly epoch: number;
  /** Null where the file has no finite number. */
  readonly meanLoss: number | null;
  readonly score: number | null;
  readonly seconds: number | null;
  /** Further numbers of its evaluation by name, such as the losses of pre-training. */
  readonly validation: Readonly<Record<string, number | null>>;
  /** The last step recorded before the epoch ended. */
  readonly step: number;
}

export interface RunMetrics {
  readonly curves: Readonly<Record<StepCurve, ThinnedPoints>>;
  readonly epochs: readonly RecordedEpoch[];
  /** The last step recorded; 0 when none is. */
  readonly numSteps: number;
  readonly peakResidentBytes: number | undefined;
  /** Lines that are no whole record: left out. */
  readonly numUnreadable: number;
  /** Sentences on what is missing, damaged or unknown in the file. */
  readonly problems: readonly string[];
  /** Sentences on how to read the curves. */
  readonly notes: readonly string[];
}

/** A record has about 200 bytes. */
const MAX_LINE_BYTES = 1 << 16;

/** Epochs are kept one by one; no run has so many. */
const MAX_EPOCHS = 10_000;

/** JSON has no NaN or infinity: they are written as null. */
const measured = z.number().nullish();

const stepSchema = z.object({
  step: z.int().min(0),
  loss: measured,
  gradientNorm: measured,
  learningRate: measured,
  examplesPerSecond: measured,
  dataWaitShare: measured,
  residentBytes: measured,
});

const epochSchema = z.object({
  epoch: z.int().min(0),
  score: z.number().nullable(),
  meanLoss: measured,
  seconds: measured,
  validation: z.record(z.string(), z.number().nullable()).optional(),
});

/**
 * Reads the file in constant memory. Lines that are no record are left out and counted; a step or epoch that is not
 * after the one before it begins a resumed run, and replaces what was recorded from there on.
 */
export async function readMetrics(file: string): Promise<RunMetrics> {
  const history = new History();
  if (!existsSync(file)) {
    history.problems.push('There is no metrics.jsonl in the run folder, so there are no curves.');
    return history.finish();
  }
  try {
    const options = {
      maxLineBytes: MAX_LINE_BYTES,
      expected: 'no record of metrics is. What comes after it was not read.',
    };
    for await (const { bytes, number, ending } of readLines(file, options)) {
      const text = bytes.toString('utf8');
      if (text.trim() !== '') history.addLine(text, number, ending === '');
    }
  } catch (error) {
    if (!(error instanceof LxmertError)) throw error;
    history.problems.push(error.message);
  }
  return history.finish();
}

class History {
  readonly #curves = Object.fromEntries(STEP_CURVES.map((name) => [name, new ThinnedPoints()])) as Record<
    StepCurve,
    ThinnedPoints
  >;
  #epochs: RecordedEpoch[] = [];
  #lastStep = -1;
  #peakResidentBytes: number | undefined;
  #numResumes = 0;
  #resumedAt = 0;
  readonly #unreadableLines: LineCount = { count: 0, first: 0 };
  readonly #unknownLines: LineCount = { count: 0, first: 0 };
  #isTorn = false;
  #hasTooManyEpochs = false;
  readonly problems: string[] = [];

  addLine(text: string, number: number, isUnfinished: boolean): void {
    let record: unknown;
    try {
      record = JSON.parse(text);
    } catch {
      if (isUnfinished) this.#isTorn = true;
      else count(this.#unreadableLines, number);
      return;
    }
    const step = stepSchema.safeParse(record);
    const epoch = step.success ? undefined : epochSchema.safeParse(record);
    if (step.success) this.#addStep(step.data);
    else if (epoch?.success === true) this.#addEpoch(epoch.data);
    else count(this.#unknownLines, number);
  }

  #addStep(record: z.output<typeof stepSchema>): void {
    if (record.step <= this.#lastStep) {
      this.#numResumes++;
      this.#resumedAt = record.step;
      for (const name of STEP_CURVES) this.#curves[name].dropFrom(record.step);
      this.#epochs = this.#epochs.filter(({ step }) => step < record.step);
    }
    this.#lastStep = record.step;
    for (const name of STEP_CURVES) {
      const value = record[name];
      if (value !== undefined) this.#curves[name].add(record.step, value ?? Number.NaN);
    }
    const bytes = record.residentBytes ?? undefined;
    if (bytes !== undefined) this.#peakResidentBytes = Math.max(bytes, this.#peakResidentBytes ?? bytes);
  }

  #addEpoch(record: z.output<typeof epochSchema>): void {
    const { epoch, score, meanLoss = null, seconds = null, validation = {} } = record;
    if (epoch <= (this.#epochs.at(-1)?.epoch ?? -1)) {
      this.#epochs = this.#epochs.filter((each) => each.epoch < epoch);
    }
    if (this.#epochs.length === MAX_EPOCHS) {
      this.#hasTooManyEpochs = true;
      return;
    }
    this.#epochs.push({ epoch, score, meanLoss, seconds, validation, step: Math.max(this.#lastStep, 0) });
  }

  finish(): RunMetrics {
    const problems = [...this.problems];
    if (this.#isTorn) {
      problems.push(
        'The last line of metrics.jsonl is half written and was left out; a run that is still going, or was killed, leaves one.',
      );
    }
    problems.push(
      ...aboutLines(
        this.#unreadableLines,
        'could not be read',
        'A run that was killed while it wrote leaves such a line.',
      ),
      ...aboutLines(this.#unknownLines, 'hold no step and no epoch', 'They may come from another version.'),
    );
    if (this.#hasTooManyEpochs) {
      problems.push(
        `metrics.jsonl has more than ${formatNumber(MAX_EPOCHS)} epochs; the later ones were left out.`,
      );
    }
    return {
      curves: this.#curves,
      epochs: this.#epochs,
      numSteps: Math.max(this.#lastStep, 0),
      peakResidentBytes: this.#peakResidentBytes,
      numUnreadable: this.#unreadableLines.count + this.#unknownLines.count + (this.#isTorn ? 1 : 0),
      problems,
      notes: this.#notes(),
    };
  }

  #notes(): string[] {
    const notes: string[] = [];
    const { groupSize } = this.#curves.loss;
    if (groupSize > 1) {
      notes.push(
        `Of each ${groupSize} records that follow one another the charts show the lowest and the highest value.`,
      );
    }
    if (this.#numResumes > 0) {
      const times = this.#numResumes === 1 ? 'once' : `${formatNumber(this.#numResumes)} times`;
      notes.push(
        `The run was resumed ${times}, the last time before step ${formatNumber(this.#resumedAt)}. What it had recorded of that step and later ones before is not shown.`,
      );
    }
    return notes;
  }
}

interface LineCount {
  count: number;
  first: number;
}

function count(lines: LineCount, number: number): void {
  if (lines.count === 0) lines.first = number;
  lines.count++;
}

function aboutLines(lines: LineCount, what: string, reason: string): string[] {
  if (lines.count === 0) return [];
  const which = lines.count === 1 ? `Line ${lines.first}` : `${formatNumber(lines.count)} lines`;
  const first = lines.count === 1 ? '' : `, the first of them line ${lines.first},`;
  const verb = lines.count === 1 ? what.replace(/^hold /, 'holds ') : what;
  return [
    `${which} of metrics.jsonl${first} ${verb} and ${lines.count === 1 ? 'was' : 'were'} left out. ${reason}`,
  ];
}
