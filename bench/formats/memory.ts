/** @file The most memory that a command takes, watched from outside as Linux counts it: in all, and without mapped pages. */

import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { checkoutFile } from '../reliability/mutations/kit.js';

const WATCH_EVERY_MS = 20;

export interface CommandMemory {
  readonly seconds: number;
  /** Resident bytes, pages of the program's own files and of mapped ones included. */
  readonly peakBytes: number;
  /** Of them those that no file stands behind; seen every 20 ms, and so a lower bound by a little. */
  readonly peakOwnBytes: number;
  readonly exitCode: number | null;
  /** The last line of what it printed. */
  readonly said: string;
}

/** Runs `lxmert WORDS` of the built program. */
export async function watchCommand(words: readonly string[]): Promise<CommandMemory> {
  const start = performance.now();
  const program = checkoutFile('dist/src/cli/main.js');
  const child = spawn(process.execPath, [program, ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (piece: Buffer) => {
      text = `${text}${piece}`.slice(-2000);
    });
  let [peakBytes, peakOwnBytes] = [0, 0];
  const timer = setInterval(() => {
    const status = statusOf(child.pid);
    peakBytes = Math.max(peakBytes, status('VmHWM'));
    peakOwnBytes = Math.max(peakOwnBytes, status('RssAnon'));
  }, WATCH_EVERY_MS);
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('close', resolve);
  });
  clearInterval(timer);
  const said = text.trim().split('\n').at(-1) ?? '';
  return { seconds: (performance.now() - start) / 1000, peakBytes, peakOwnBytes, exitCode, said };
}

/** Reads a line of the process's status in bytes; 0 once it has ended. */
function statusOf(pid: number | undefined): (name: string) => number {
  let text = '';
  try {
    text = readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    // It has ended.
  }
  return (name) => 1024 * Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1] ?? 0);
}
