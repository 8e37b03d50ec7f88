/** @file Progress on stderr: a bar on a terminal, a plain line now and then when the output goes elsewhere. */

import { type Options, SingleBar } from 'cli-progress';
import type { ProgressDisplay } from './command.js';

/** Milliseconds between two plain lines. */
const lineInterval = 10_000;

interface Stream {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** Starts a display; nothing is shown before the first update. */
export function createProgressDisplay(
  stream: NodeJS.WriteStream,
  label: string,
  unit: string,
): ProgressDisplay {
  return stream.isTTY ? barOn(stream, label, unit) : linesOn(stream, label, unit, () => performance.now());
}

function barOn(stream: NodeJS.WriteStream, label: string, unit: string): ProgressDisplay {
  let bar: SingleBar | undefined;
  let start = 0;
  let first = 0;
  let latestDetail = '';
  const options: Options = {
    stream,
    clearOnComplete: false,
    hideCursor: true,
    barsize: 24,
    fps: 8,
    format: (bar, params) => {
      const filled = Math.round(params.progress * (bar.barsize ?? 24));
      const picture = '#'.repeat(filled) + '.'.repeat((bar.barsize ?? 24) - filled);
      const seconds = (performance.now() - start) / 1000;
      return `${label} [${picture}] ${describe(params.value, params.total, unit, params.value - first, seconds)}${latestDetail}`;
    },
  };
  return {
    update(done, total, detail) {
      latestDetail = asEnding(detail);
      if (bar === undefined) {
        start = performance.now();
        first = done;
        bar = new SingleBar(options);
        bar.start(total, done);
      }
      bar.setTotal(total);
      bar.update(done);
    },
    stop() {
      bar?.stop();
      bar = undefined;
    },
  };
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
  const text = `${done.toLocaleString('en-US')} of ${total.toLocaleString('en-US')} ${unit}${percent}`;
  if (sinceStart <= 0 || seconds <= 0) return text;
  const rate = sinceStart / seconds;
  const rateText = rate >= 100 ? Math.round(rate).toLocaleString('en-US') : rate.toPrecision(2);
  const left =
    done < total ? `${formatDuration((total - done) / rate)} left` : `took ${formatDuration(seconds)}`;
  return `${text}, ${rateText} ${unit}/s, ${left}`;
}

/** 7 s, 4 min 10 s, 3 h 05 min. */
export function formatDuration(seconds: number): string {
  if (seconds < 60) return `${Math.ceil(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${String(Math.floor(seconds % 60)).padStart(2, '0')} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}
