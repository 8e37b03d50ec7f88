/** @file The states of a machine that questions are measured in. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { QuotaGroup } from './quotaGroup.js';

export const STATES = ['quiet', 'busy', 'quota'] as const;
export type State = (typeof STATES)[number];

/** Processors' worth of time in the state `quota`. */
const QUOTA_PROCESSORS = 1.5;

export const STATE_NAMES: Readonly<Record<State, string>> = {
  quiet: 'nothing else at work',
  busy: 'one busy process on the same processors',
  quota: `a quota of ${QUOTA_PROCESSORS} processors`,
};

/** A state that is in force until it is disposed of. */
export interface EnteredState extends AsyncDisposable {
  /** Words before the commands of processes that are to be measured in it. */
  readonly prefix: readonly string[];
}

/** @returns the state, or a sentence where it cannot be had */
export async function enterState(state: State): Promise<EnteredState | string> {
  if (state === 'quota') {
    const group = QuotaGroup.create(QUOTA_PROCESSORS);
    if (typeof group !== 'string') return group;
    return (
      `Left out: ${STATE_NAMES.quota}, which needs a control group that this user may make (${group}). As root it is there; elsewhere ` +
      `'systemd-run --user --scope -p CPUQuota=${100 * QUOTA_PROCESSORS}% lxmert bench --work latency --peers --state quiet' measures under it.`
    );
  }
  const busy = state === 'busy' ? await startBusyProcess() : undefined;
  return {
    prefix: [],
    async [Symbol.asyncDispose]() {
      if (busy === undefined) return;
      busy.kill('SIGKILL');
      await once(busy, 'close');
    },
  };
}

/** A process that computes without end, with the priority of this one. */
async function startBusyProcess(): Promise<ChildProcess> {
  const busy = spawn(process.execPath, ['-e', 'console.log(1); for (;;);'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  await once(busy.stdout as NodeJS.ReadableStream, 'data');
  return busy;
}
