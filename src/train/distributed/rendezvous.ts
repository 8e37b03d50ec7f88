/** @file How the processes of a run find each other and make sure that they are of one kind. */

import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { LxmertError } from '../../common/errors.js';
import { type Device, KeyStore, localAddress, ProcessGroup } from '../../torch/index.js';
import { type Agreement, difference, disagreement } from './agreement.js';
import type { ProcessRank } from './environment.js';
import { isListening, untilThere } from './polling.js';
import { isKeyStore } from './storeProbe.js';

export interface RendezvousOptions {
  /** This process among them. */
  readonly process: ProcessRank;
  /** What must be the same in all processes. */
  readonly agreement: Agreement;
  /** How long an operation may wait for the other processes. */
  readonly timeoutSeconds: number;
  /** How long the processes may take to arrive: they load their data first. */
  readonly arrivalSeconds?: number;
  readonly signal?: AbortSignal | undefined;
  /** Where the tensors are that the processes exchange; the CPU unless it says otherwise. */
  readonly device?: Device | undefined;
}

/** What {@link meet} gives. The store must stay as long as the group. */
export interface Meeting {
  readonly store: KeyStore;
  /** For numbers and tensors of the CPUs. */
  readonly group: ProcessGroup;
  /** For tensors on GPUs; undefined where none was asked for. */
  readonly gpuGroup: ProcessGroup | undefined;
  /** The same in all processes, another for each start. */
  readonly runId: string;
}

/** Processes that read the same data arrive within minutes of each other. */
const DEFAULT_ARRIVAL_SECONDS = 600;
/** Many times what a process needs to start on a busy machine and ask a key store. */
const PROBE_SECONDS = 30;

/**
 * Waits until all processes are there and have compared what they were started with.
 *
 * @throws LxmertError when some do not come, two have one number, or one differs: then with the same sentence in all
 */
export async function meet(options: RendezvousOptions): Promise<Meeting> {
  const { process: me, timeoutSeconds, signal } = options;
  const seconds = options.arrivalSeconds ?? DEFAULT_ARRIVAL_SECONDS;
  const store = await openStore(me, { seconds, signal });
  try {
    await allArrive(store, me, { seconds, signal });
    const runId = await compareAll(store, options, { seconds: timeoutSeconds, signal });
    const address = await ownAddress(store, me, { seconds: timeoutSeconds, signal });
    const { rank, worldSize } = me;
    const common = { store, rank, worldSize, address, timeoutSeconds };
    const group = new ProcessGroup({ backend: 'gloo', ...common });
    const isOnGpus = options.device?.startsWith('cuda') === true;
    const gpuGroup = isOnGpus ? new ProcessGroup({ backend: 'nccl', ...common }) : undefined;
    return { store, group, gpuGroup, runId };
  } catch (error) {
    store[Symbol.dispose]();
    throw error;
  }
}

interface Patience {
  readonly seconds: number;
  readonly signal: AbortSignal | undefined;
}

async function openStore(me: ProcessRank, patience: Patience): Promise<KeyStore> {
  const { host, port, rank, storeFile } = me;
  const prefix = `lxmert/${me.restart}`;
  if (storeFile !== undefined) {
    return new KeyStore({ file: storeFile, timeoutSeconds: patience.seconds, prefix });
  }
  const isServer = rank === 0;
  if (!isServer) {
    const isThere = await untilThere(
      async () => ((await isListening(host, port)) ? true : undefined),
      patience,
    );
    if (isThere === undefined) {
      throw new LxmertError(
        `Process ${rank} waited ${patience.seconds} s for process 0 at ${host}, port ${port}, and nobody answers there. Check that process 0 runs, and MASTER_ADDR and MASTER_PORT.`,
      );
    }
    if (!(await isKeyStore(host, port, { ...patience, seconds: PROBE_SECONDS }))) {
      throw new LxmertError(
        `Process ${rank} looked for process 0 at ${host}, port ${port}, and another program answers there, or none in time. Set MASTER_PORT to a port that is free on process 0's machine, the same number for all processes.`,
      );
    }
  }
  return new KeyStore({ host, port, isServer, timeoutSeconds: patience.seconds, prefix });
}

async function allArrive(
  store: KeyStore,
  { rank, worldSize }: ProcessRank,
  patience: Patience,
): Promise<void> {
  if (store.add(`here/${rank}`, 1) > 1) {
    throw new LxmertError(
      `There are two processes with the number ${rank} (this one is on ${hostname()}). Give each its own RANK, and each run its own MASTER_PORT.`,
    );
  }
  store.set(`host/${rank}`, hostname());
  store.add('arrived', 1);
  const all = await untilThere(() => (store.add('arrived', 0) >= worldSize ? true : undefined), patience);
  if (all !== undefined) return;
  const missing = Array.from({ length: worldSize }, (_, other) => other).filter(
    (other) => store.get(`host/${other}`) === undefined,
  );
  throw new LxmertError(
    `Of ${worldSize} processes ${missing.length} did not come within ${patience.seconds} s: ${missing.slice(0, 8).join(', ')}${missing.length > 8 ? ', ...' : ''}. What they said tells why; see also whether they can reach process 0.`,
  );
}

/** @returns the run's id, which process 0 chooses */
async function compareAll(
  store: KeyStore,
  { process: me, agreement }: RendezvousOptions,
  patience: Patience,
): Promise<string> {
  const { rank, worldSize } = me;
  if (rank === 0) store.set('agreement', JSON.stringify({ runId: randomUUID(), entries: [...agreement] }));
  const text = await untilThere(() => store.get('agreement'), patience);
  if (text === undefined) throw new LxmertError('Process 0 ended before the processes had met.');
  const { runId, entries } = JSON.parse(text) as { runId: string; entries: [string, string][] };
  const own = difference(new Map(entries), agreement, rank);
  if (own !== undefined && store.add('differs', 1) === 1) store.set('difference', own);
  await allAt(store, 'compared', worldSize, patience);
  if (store.add('differs', 0) === 0) return runId;
  const sentence = (await untilThere(() => store.get('difference'), patience)) ?? own ?? '';
  await leave(store, me, patience);
  throw disagreement(sentence);
}

/**
 * The address that the others connect to: that on the way to process 0. On process 0's own machine that may be 127.0.0.1,
 * which the machine's name often means to itself (PyTorchJob sets it so too); then it is the one on the way to a process
 * on another machine.
 */
async function ownAddress(store: KeyStore, me: ProcessRank, patience: Patience): Promise<string> {
  const address = localAddress(me.host);
  if (!isLoopback(address)) store.set('remote', address);
  await allAt(store, 'addresses', me.worldSize, patience);
  const remote = store.get('remote');
  if (remote === undefined || !isLoopback(address)) return address;
  const reachable = localAddress(remote);
  if (!isLoopback(reachable)) return reachable;
  throw new LxmertError(
    `The processes are on several machines, but those on ${hostname()} can be reached there only, at ${address}. Set MASTER_ADDR in all processes to an address of process 0 that the other machines can reach.`,
  );
}

function isLoopback(address: string): boolean {
  return /^(127\.|::1$)/.test(address);
}

async function allAt(store: KeyStore, counter: string, worldSize: number, patience: Patience): Promise<void> {
  store.add(counter, 1);
  const all = await untilThere(() => (store.add(counter, 0) >= worldSize ? true : undefined), patience);
  if (all === undefined) {
    throw new LxmertError(
      `Another process of this run ended, or did not answer within ${patience.seconds} s, while the processes met.`,
    );
  }
}

/** Process 0 holds the store: it stays until the others have read why the run ends. */
async function leave(store: KeyStore, { rank, worldSize }: ProcessRank, patience: Patience): Promise<void> {
  store.add('left', 1);
  if (rank !== 0) return;
  const seconds = Math.min(patience.seconds, 10);
  await untilThere(() => (store.add('left', 0) >= worldSize ? true : undefined), { ...patience, seconds });
}
