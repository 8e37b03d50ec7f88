/** @file Processes that compute together: the store of keys they meet at, and operations that all take part in. */

import { LxmertError, messageOf } from '../common/errors.js';
import { setupCommand } from '../common/installation.js';
import { native } from './native.js';
import type { NativeCollectiveGroup, NativeKeyStore } from './nativeBinding.js';
import type { Tensor } from './tensor.js';

/** `gloo` for tensors in the processors' memory, `nccl` for those on GPUs. */
export type Backend = 'gloo' | 'nccl';

/** Which backends this libtorch has. */
function distributedSupport(): { readonly gloo: boolean; readonly nccl: boolean } {
  return native().distributedSupport();
}

/** The address of this machine that packets to `host` leave from. @throws LxmertError when `host` is not known */
export function localAddress(host: string): string {
  try {
    return native().localAddress(host);
  } catch (error) {
    throw new LxmertError(
      `The address '${host}' of process 0 cannot be used: ${messageOf(error).replace(/^localAddress: /, '')}. Check MASTER_ADDR.`,
      { cause: error },
    );
  }
}

/** @throws LxmertError in one sentence where libtorch has no such backend */
function requireBackend(backend: Backend): void {
  if (distributedSupport()[backend]) return;
  throw new LxmertError(
    backend === 'gloo'
      ? `This libtorch was built without process groups (c10d with Gloo), so only one process can train: set LIBTORCH to another installation and run ${setupCommand()} again.`
      : `The bridge was built without NCCL: it needs a CUDA libtorch and the headers of CUDA and NCCL. Use 'gloo', or install them and run ${setupCommand()} again.`,
  );
}

/** Where a store is that processes of several machines see. */
export interface KeyServer {
  readonly host: string;
  readonly port: number;
  /** True in the one process whose store the others connect to. */
  readonly isServer: boolean;
}

/** Where a store is that only processes of this machine, and of one user, see. */
export interface KeyFile {
  /** Made by whoever comes first; whoever started the processes removes it. */
  readonly file: string;
}

export type KeyStoreOptions = (KeyServer | KeyFile) & {
  readonly timeoutSeconds: number;
  /** Put before each key, so that several runs may use one server. */
  readonly prefix?: string;
};

/** Keys and values that all processes see. Calls block; none waits for a key that is not there. */
export class KeyStore implements Disposable {
  readonly #native: NativeKeyStore;

  /** @throws LxmertError when there is no server, or the port is taken */
  constructor({ timeoutSeconds, prefix = 'lxmert', ...place }: KeyStoreOptions) {
    requireBackend('gloo');
    const { KeyStore: Native } = native();
    const { host, port, isServer } = 'file' in place ? { host: '', port: 0, isServer: false } : place;
    const file = 'file' in place ? place.file : undefined;
    this.#native = explained(() => new Native!(host, port, isServer, 1000 * timeoutSeconds, prefix, file));
  }

  set(key: string, value: string): void {
    explained(() => this.#native.set(key, value));
  }

  /** The value of a key, or undefined while nobody has set it. */
  get(key: string): string | undefined {
    return explained(() => (this.#native.has(key) ? this.#native.get(key) : undefined));
  }

  /** Adds to a counter that starts at 0, and returns the sum. */
  add(key: string, amount: number): number {
    return explained(() => this.#native.add(key, amount));
  }

  /** For the bridge's own classes. */
  get handle(): NativeKeyStore {
    return this.#native;
  }

  [Symbol.dispose](): void {
    this.#native.dispose();
  }
}

export interface ProcessGroupOptions {
  readonly backend: Backend;
  readonly store: KeyStore;
  readonly rank: number;
  readonly worldSize: number;
  /** The address of this machine that the others connect to (`localAddress`). */
  readonly address: string;
  /** How long an operation may wait for the other processes. */
  readonly timeoutSeconds: number;
}

/** An operation that runs while this process goes on. Its tensors may not be touched before {@link wait}. */
export interface Work {
  /**
   * Blocks this thread until the operation is done.
   *
   * @param timeoutSeconds at most this long; the group's own timeout holds in any case
   * @throws CollectiveError when another process is gone or does not answer
   */
  wait(timeoutSeconds?: number): void;
}

/** Another process is gone, or did not take part in time. */
class CollectiveError extends LxmertError {}

/** All processes of a run. Each must call the same operations in the same order. */
export class ProcessGroup implements Disposable {
  readonly rank: number;
  readonly worldSize: number;
  readonly timeoutSeconds: number;
  readonly #native: NativeCollectiveGroup;
  #isBroken = false;

  /** Waits for the other processes. @throws LxmertError when they do not come, or libtorch has no such backend */
  constructor({ backend, store, rank, worldSize, address, timeoutSeconds }: ProcessGroupOptions) {
    requireBackend(backend);
    this.rank = rank;
    this.worldSize = worldSize;
    this.timeoutSeconds = timeoutSeconds;
    const { CollectiveGroup } = native();
    const timeout = Math.ceil(1000 * timeoutSeconds);
    this.#native = explained(
      () => new CollectiveGroup!(backend, store.handle, rank, worldSize, address, timeout),
    );
  }

  /** True after an operation failed, or the group was given up: no further one can succeed. */
  get isBroken(): boolean {
    return this.#isBroken;
  }

  /** For the bridge's own classes. */
  get handle(): NativeCollectiveGroup {
    return this.#native;
  }

  /** Replaces a tensor by its sum over all processes. */
  allReduce(tensor: Tensor): Work {
    return this.#started(() => this.#native.allReduce(tensor));
  }

  /** Replaces a tensor by that of process `root`. */
  broadcast(tensor: Tensor, root = 0): Work {
    return this.#started(() => this.#native.broadcast(tensor, root));
  }

  /** Fills `outputs`, one for each process, with the processes' inputs; all have one shape and dtype. */
  allGather(outputs: readonly Tensor[], input: Tensor): Work {
    return this.#started(() => this.#native.allGather(outputs, input));
  }

  /** Runs what talks to the other processes. @throws CollectiveError in place of libtorch's own errors */
  guarded<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      const failure = collectiveError(error, this.timeoutSeconds);
      if (failure === undefined) throw error;
      this.#isBroken = true;
      throw failure;
    }
  }

  /**
   * Gives the group up after a failure of any kind: operations that others no longer take part in would be waited for.
   * Its connections end with the process.
   */
  giveUp(): void {
    this.#isBroken = true;
  }

  #started(start: () => number): Work {
    const number = this.guarded(start);
    return {
      wait: (timeoutSeconds = 0) =>
        this.guarded(() => this.#native.wait(number, Math.ceil(1000 * timeoutSeconds))),
    };
  }

  /** A broken group is left as it is: ending it would wait for operations that never end. */
  [Symbol.dispose](): void {
    if (this.#isBroken) this.#native.abandon();
    else this.#native.dispose();
  }
}

/** Gloo's words for a process that is gone. */
const GONE =
  /Connection closed by peer|Connection reset|Broken pipe|Socket closed|not connected|writev|EPIPE/i;
/** Gloo's, NCCL's and c10d's words for one that does not answer. */
const SILENT = /timed? ?out|timeout/i;

function collectiveError(error: unknown, timeoutSeconds: number): CollectiveError | undefined {
  if (error instanceof LxmertError) return undefined;
  const message = messageOf(error);
  const peer = /\[([^\]\s]+)\]:\d+/.exec(message)?.[1];
  const where = peer === undefined ? '' : ` on ${peer}`;
  if (GONE.test(message)) {
    return new CollectiveError(
      `Another process of this run${where} is gone: its connection was closed. What it said last tells why.`,
      { cause: error },
    );
  }
  if (SILENT.test(message)) {
    return new CollectiveError(
      `Another process of this run did not answer within ${timeoutSeconds} s: it hangs, or its machine or the network is gone.`,
      { cause: error },
    );
  }
  if (/gloo|nccl/i.test(message)) {
    return new CollectiveError(`Working together with the other processes failed: ${message}.`, {
      cause: error,
    });
  }
  return undefined;
}

/** The errors of meeting, before there is a group. */
function explained<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    const message = messageOf(error);
    if (/EADDRINUSE|address already in use/i.test(message)) {
      throw new LxmertError(
        'The port that process 0 should wait at is in use: another run, or what is left of one, has it. Set MASTER_PORT to another number for all processes.',
        { cause: error },
      );
    }
    throw new LxmertError(
      `The processes of this run lost each other while they met: ${message}. One of them ended, or the network between them fails.`,
      { cause: error },
    );
  }
}
