/** @file Progress on stderr: a bar on a terminal, a plain line now and then when the output goes elsewhere. */

import { MultiBar, type Options, type SingleBar } from 'cli-progress';
import { formatDuration, formatNumber, formatRate } from '../../formats/numbers.js';
import type { ProgressDisplay } from '../command.js';
import { columnsOf, isCapable } from './look.js';

/** Milliseconds between two plain lines. */
const lineInterval = 10_000;

/** To the first column, and everything behind it gone. */
const CLEAR_LINE = '\r\x1b[K';

/** To the beginning of the line above, and everything from there gone. */
const CLEAR_LINE_ABOVE = '\x1b[1A\r\x1b[J';

/** Whether the terminal goes on in the next line where a line is full: bars switch it off. */
const WRAP = '\x1b[?7h';
const NO_WRAP = '\x1b[?7l';

/** Characters of a bar, at most and at least. */
const MAX_BAR = 24;
const MIN_BAR = 6;

interface Stream {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** A display that shares its stream with other lines. */
export interface SharedDisplay extends ProgressDisplay {
  /** Prints something else on the same screen: above the bar, which is drawn anew below it. */
  printAbove(print: () => void): void;
}

/** Starts a display; nothing is shown before the first update. */
export function createProgressDisplay(
  stream: NodeJS.WriteStream,
  label: string,
  unit: string,
): SharedDisplay {
  if (isCapable(stream)) return barOn(stream, label, unit);
  const lines = linesOn(stream, label, unit, () => performance.now());
  return { ...lines, printAbove: (print) => print() };
}

function barOn(stream: NodeJS.WriteStream, label: string, unit: string): SharedDisplay {
  let bars: { all: MultiBar; bar: SingleBar } | undefined;
  let start = 0;
  let first = 0;
  let ending = '';
  let latest = '';
  const options: Options = {
    stream,
    clearOnComplete: false,
    hideCursor: true,
    // The command ends in good order by itself; a bar that stops at Ctrl-C would leave the rest to run into its line.
    gracefulExit: false,
    forceRedraw: true,
    fps: 8,
    format: (_bar, params) => {
      const seconds = (performance.now() - start) / 1000;
      const text = `${describe(params.value, params.total, unit, params.value - first, seconds)}${ending}`;
      latest = barLine(label, text, params.progress, columnsOf(stream));
      return latest;
    },
  };
  return {
    update(done, total, detail) {
      ending = asEnding(detail);
      if (bars === undefined) {
        start = performance.now();
        first = done;
        // One bar of several: a single one puts the cursor back, at its end, to where it began.
        const all = new MultiBar(options);
        bars = { all, bar: all.create(total, done) };
      }
      bars.bar.setTotal(total);
      bars.bar.update(done);
    },
    printAbove(print) {
      if (bars === undefined) return print();
      // Whole sentences, as long as they are.
      stream.write(CLEAR_LINE + WRAP);
      print();
      stream.write(NO_WRAP);
      bars.all.update();
    },
    stop() {
      if (bars === undefined) return;
      bars.all.stop();
      bars = undefined;
      // What stays is read later: whole, and not cut like a line that changes all the time.
      if (latest.length > columnsOf(stream)) stream.write(`${CLEAR_LINE_ABOVE}${latest}\n`);
    },
  };
}

/** A bar as long as the width of the terminal leaves room for, and none where it leaves little: the text says more. */
export function barLine(label: string, text: string, progress: number, columns: number): string {
  const length = Math.min(MAX_BAR, columns - label.length - text.length - '  [] '.length);
  if (length < MIN_BAR) return `${label}: ${text}`;
  const filled = Math.round(progress * length);
  return `${label} [${'#'.repeat(filled)}${'.'.repeat(length - filled)}] ${text}`;
}

/** Plain lines: one when enough time has passed since the last, and one at the end of work that had any. */
export function linesOn(stream: Stream, label: string, unit: string, now: () => number): ProgressDisplay {
  let start: number | undefined;
  let first = 0;
  let lastLine = 0;
  let printed = { done: -1, total: -1 };
  let latest = { done: 0, total: 0, ending: '' };
  const print = (): void => {
    printed = latest;
    lastLine = now();
    const seconds = (now() - (start ?? now())) / 1000;
    stream.write(
      `${label}: ${describe(latest.done, latest.total, unit, latest.done - first, seconds)}${latest.ending}\n`,
    );
  };
  return {
    update(done, total, detail) {
      latest = { done, total, ending: asEnding(detail) };
      if (start === undefined) {
        start = now();
        first = done;
        lastLine = start;
      }
      if (now() - lastLine >= lineInterval) print();
    },
    stop() {
      if (start !== undefined && (printed.done !== latest.done || printed.total !== latest.total)) print();
      start = undefined;
    },
  };
}

function asEnding(detail: string | undefined): string {
  return detail === undefined ? '' : `; ${detail}`;
}

/** "1,200 of 5,000 rows (24 %), 310 rows/s, 12 s left"; the rate counts only what was done while watching. */
function describe(done: number, total: number, unit: string, sinceStart: number, seconds: number): string {
  const percent = total > 0 ? ` (${Math.floor((done / total) * 100)} %)` : '';
  const text = `${formatNumber(done)} of ${formatNumber(total)} ${unit}${percent}`;
  if (sinceStart <= 0 || seconds <= 0) return text;
  const rate = sinceStart / seconds;
  const left =
    done < total ? `${formatDuration((total - done) / rate)} left` : `took ${formatDuration(seconds)}`;
  return `${text}, ${formatRate(rate)} ${unit}/s, ${left}`;
}
