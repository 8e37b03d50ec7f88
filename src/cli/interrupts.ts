/**
 * @file Ctrl-C, SIGTERM and a closed terminal: the first asks the command to stop in good order, a later one ends the
 * process at once.
 */

import { readFileSync, readlinkSync } from 'node:fs';

const codes = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;
type SignalName = keyof typeof codes;
const names = Object.keys(codes) as SignalName[];

/**
 * Signals that come so soon after the first are the same request: npx and other starters pass on what the terminal has sent
 * to the process as well.
 */
const SAME_REQUEST_MS = 500;

/** Listens from construction to {@link remove}. */
export class Interrupts {
  #controller = new AbortController();
  #exitCode: number | undefined;
  #received = 0;

  /**
   * @param notice tells the person that the command stops
   * @param beforeExit what is to be put in order when the process ends at once
   */
  constructor(
    private readonly notice: (line: string) => void,
    private readonly beforeExit: () => void = () => undefined,
  ) {
    for (const name of names) process.on(name, this.#receive);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** 129, 130 or 143 once interrupted. */
  get exitCode(): number | undefined {
    return this.#exitCode;
  }

  /** True for what `signal.throwIfAborted()` and aborted Node calls throw. */
  isReason(error: unknown): boolean {
    return error === this.signal.reason || (error instanceof Error && error.name === 'AbortError');
  }

  remove(): void {
    for (const name of names) process.off(name, this.#receive);
  }

  #receive = (name: SignalName): void => {
    if (name === 'SIGHUP' && isUnderNohup()) return;
    if (this.#exitCode !== undefined) {
      if (performance.now() - this.#received < SAME_REQUEST_MS) return;
      this.beforeExit();
      process.exit(codes[name]);
    }
    this.#exitCode = codes[name];
    this.#received = performance.now();
    this.notice('Stopping in good order; press Ctrl-C again to stop at once.');
    this.#controller.abort();
  };
}

/**
 * Whether nohup started this process: Node.js takes no notice that nohup had SIGHUP ignored, but what nohup puts in place of
 * a terminal's input, /dev/null opened for writing, is there still. Known on Linux alone.
 */
function isUnderNohup(): boolean {
  try {
    const flags = /^flags:\s*([0-7]+)/m.exec(readFileSync('/proc/self/fdinfo/0', 'utf8'))?.[1] ?? '0';
    return readlinkSync('/proc/self/fd/0') === '/dev/null' && (Number.parseInt(flags, 8) & 3) === 1;
  } catch {
    return false;
  }
}
