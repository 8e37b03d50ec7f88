/** @file What a process has in memory of files that it maps: libraries, for the most part. */

import { readFileSync } from 'node:fs';

/** Bytes of files that lie in this process's memory. */
export function fileBytes(): number {
  const [, kilobytes] = /^RssFile:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return Number(kilobytes) * 1024;
}
