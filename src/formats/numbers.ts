/** @file Numbers as sentences and tables have them: counts, shares, bytes, times. */

import { formatFixed } from './pythonFixed.js';

/** `2,190`. */
export function formatNumber(value: number): string {
  return value.toLocaleString('en-US');
}

/** `2,190`, `4.7`: how many a second. */
export function formatRate(rate: number): string {
  return rate >= 99.5 ? formatNumber(Math.round(rate)) : rate.toPrecision(2);
}

/** `1 shard`, `2 boxes`, `2,190 questions`. */
export function formatCount(count: number, noun: string): string {
  return `${formatNumber(count)} ${count === 1 ? noun : pluralOf(noun)}`;
}

function pluralOf(noun: string): string {
  if (/[^aeiou]y$/.test(noun)) return `${noun.slice(0, -1)}ies`;
  return `${noun}${/(x|tch|sh|s)$/.test(noun) ? 'es' : 's'}`;
}

/** A fraction from 0 to 1 as `69.90 %`, rounded as Python rounds: 3.125 is `3.12 %`. */
export function formatPercent(share: number, numDigits = 2): string {
  return `${formatFixed(100 * share, numDigits)} %`;
}

/** `207.91 M`: parameters. */
export function formatMillions(count: number): string {
  return `${(count / 1e6).toFixed(2)} M`;
}

/** `302 MB`, three digits that count, in powers of ten as disks count. */
export function formatBytes(numBytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = numBytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 ? value : Number(value.toPrecision(3))} ${units[unit]}`;
}

/** `831.6 MB`: files of weights, which are told apart by a tenth. */
export function formatMegabytes(numBytes: number): string {
  return `${(numBytes / 1e6).toFixed(1)} MB`;
}

/** `0.31 GiB`, in powers of two as memory counts. */
export function formatGibibytes(numBytes: number, numDigits = 2): string {
  return `${(numBytes / 2 ** 30).toFixed(numDigits)} GiB`;
}

/** `24.6 ms`, `1.88 s`: what was measured. */
export function formatSeconds(seconds: number): string {
  return seconds >= 1 ? `${seconds.toFixed(2)} s` : `${(1000 * seconds).toFixed(1)} ms`;
}

/** `7 s`, `4 min 10 s`, `3 h 05 min`. */
export function formatDuration(seconds: number): string {
  if (seconds < 60) return `${Math.ceil(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${String(Math.floor(seconds % 60)).padStart(2, '0')} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}
