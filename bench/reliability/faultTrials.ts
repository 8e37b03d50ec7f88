/** @file One command under one fault: what it must do then, and afterwards. */

import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { faultsOfMessage } from './messages.js';
import { type Ended, type Started, type StartOptions, start } from './program.js';
import { differencesAfterwards, problemsOfRepeat } from './repeat.js';

/** A command on small data; its output goes into the folder that it runs in. */
export interface TriedCommand {
  readonly name: string;
  readonly words: readonly string[];
  /** Given again, the same words go on or do it anew; false where an output that is there is refused. */
  readonly repeats: boolean;
}

export const FAULT_NAMES = [
  'full disk',
  'file-size limit',
  'read-only folder',
  '64 file descriptors',
  'closed stdout',
  'closed stderr',
  'SIGTERM',
  'SIGTERM twice',
  'SIGHUP',
] as const;
export type FaultName = (typeof FAULT_NAMES)[number];

/** What an undisturbed run left and took. */
export interface Undisturbed {
  readonly folder: string;
  readonly seconds: number;
  readonly numBytes: number;
  readonly largestFile: number;
}

/** Undefined: the fault cannot be made on this machine. */
export type TrialResult = { readonly ended: Ended; readonly problems: readonly string[] } | undefined;

/** A signal that asks twice is obeyed at once. */
const SECONDS_AFTER_TWO = 20;

/** Runs it without a fault. */
export async function runUndisturbed(command: TriedCommand, folder: string): Promise<Undisturbed> {
  mkdirSync(folder, { recursive: true });
  const { status, stderr, seconds } = await start(command.words, { cwd: folder }).ended;
  if (status !== 0) throw new Error(`lxmert ${command.words.join(' ')} ended with ${status}: ${stderr}`);
  const sizes = filesOf(folder).map((file) => statSync(file).size);
  const numBytes = sizes.reduce((sum, size) => sum + size, 0);
  return { folder, seconds, numBytes, largestFile: Math.max(0, ...sizes) };
}

/** Runs it under a fault in `folder`, lifts the fault, and runs it again. */
export async function tryFault(
  command: TriedCommand,
  fault: FaultName,
  folder: string,
  undisturbed: Undisturbed,
): Promise<TrialResult> {
  const place = new FaultPlace(fault, folder, undisturbed);
  if (!place.make()) return undefined;
  try {
    const ended = await runUnder(command, fault, place.options(), undisturbed.seconds, folder);
    const problems = [...problemsOf(fault, ended)];
    place.lift();
    const hasOutput = filesOf(folder).length > 0;
    if (command.repeats || !hasOutput)
      problems.push(...(await problemsOfRepeat(command.words, folder, undisturbed.folder)));
    else if (ended.status === 0) problems.push(...differencesAfterwards(undisturbed.folder, folder));
    return { ended, problems };
  } finally {
    place.remove();
  }
}

async function runUnder(
  { words }: TriedCommand,
  fault: FaultName,
  options: StartOptions,
  seconds: number,
  folder: string,
): Promise<Ended> {
  const started = start(words, options);
  if (fault === 'closed stdout') started.child.stdout?.destroy();
  if (fault === 'closed stderr') started.child.stderr?.destroy();
  if (fault.startsWith('SIG')) await sendSignals(started, fault, seconds, folder);
  return started.ended;
}

/** In the middle of the work; the second signal follows while the first is being obeyed. */
async function sendSignals(
  { child, hasEnded }: Started,
  fault: FaultName,
  seconds: number,
  folder: string,
): Promise<void> {
  await sleep(600 * seconds);
  // On a busy machine the work may begin later than it should be half done; what writes at its end only is not waited for.
  const latest = performance.now() + 2000 * seconds;
  while (!hasEnded() && filesOf(folder).length === 0 && performance.now() < latest) await sleep(20);
  const signal = fault === 'SIGHUP' ? 'SIGHUP' : 'SIGTERM';
  if (!hasEnded()) child.kill(signal);
  if (fault !== 'SIGTERM twice') return;
  await sleep(5);
  const begin = performance.now();
  if (!hasEnded()) child.kill(signal);
  while (!hasEnded()) {
    if (performance.now() - begin > 1000 * SECONDS_AFTER_TWO) child.kill('SIGKILL');
    await sleep(20);
  }
}

/** Exit codes that say what happened: done in spite of it, stopped by it, or not begun. */
const EXIT_CODES: Readonly<Record<FaultName, readonly (number | null)[]>> = {
  'full disk': [0, 1, 2],
  'file-size limit': [0, 1, 2],
  'read-only folder': [0, 1, 2],
  '64 file descriptors': [0, 1, 2],
  'closed stdout': [0, 1],
  'closed stderr': [0, 1],
  SIGTERM: [0, 143],
  'SIGTERM twice': [0, 143],
  SIGHUP: [0, 129],
};

function problemsOf(fault: FaultName, { status, signal, stderr, isHung }: Ended): string[] {
  const problems: string[] = [];
  if (isHung) problems.push('it did not end');
  // Before the program listens, the system ends it by the signal itself.
  const code = signal === 'SIGTERM' ? 143 : signal === 'SIGHUP' ? 129 : status;
  if (!EXIT_CODES[fault].includes(code)) problems.push(`it ended with ${code ?? signal}`);
  if (status !== 0 && signal === null && fault !== 'closed stderr') problems.push(...faultsOfMessage(stderr));
  else if (stderr !== '') problems.push(...faultsOfMessage(stderr));
  return problems.map(
    (problem) => `${problem}${problem.startsWith('it ') ? '' : ` in ${JSON.stringify(stderr.slice(-300))}`}`,
  );
}

/** The folder in which a command meets its fault. */
class FaultPlace {
  #isMounted = false;

  constructor(
    private readonly fault: FaultName,
    private readonly folder: string,
    private readonly undisturbed: Undisturbed,
  ) {}

  /** False where this machine does not let it be made. */
  make(): boolean {
    mkdirSync(this.folder, { recursive: true });
    const isRoot = process.getuid?.() === 0;
    if (this.fault === 'full disk')
      return isRoot && this.#mount(`size=${this.#tooSmall(this.undisturbed.numBytes)}`);
    if (this.fault === 'read-only folder') {
      if (isRoot) return this.#mount('ro');
      chmodSync(this.folder, 0o555);
    }
    return true;
  }

  options(): StartOptions {
    const around = (limit: string): string[] => ['bash', '-c', `ulimit ${limit}; exec "$@"`, 'bash'];
    const cwd = this.folder;
    if (this.fault === '64 file descriptors') return { cwd, around: around('-n 64') };
    if (this.fault !== 'file-size limit') return { cwd };
    return { cwd, around: around(`-f ${Math.ceil(this.#tooSmall(this.undisturbed.largestFile) / 1024)}`) };
  }

  /** Makes the folder whole again, with what is in it. */
  lift(): void {
    if (this.#isMounted) spawnSync('mount', ['-o', 'remount,rw,size=1g', this.folder]);
    else chmodSync(this.folder, 0o755);
  }

  remove(): void {
    if (this.#isMounted) spawnSync('umount', [this.folder]);
    else chmodSync(this.folder, 0o755);
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** So that the fault comes in the middle. A file system has pages of 4 KiB. */
  #tooSmall(numBytes: number): number {
    return Math.max(4096, Math.round((0.6 * numBytes) / 4096) * 4096);
  }

  #mount(options: string): boolean {
    this.#isMounted = spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', this.folder]).status === 0;
    return this.#isMounted;
  }
}

function filesOf(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name));
}
