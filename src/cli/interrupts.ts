/** @file Ctrl-C and SIGTERM: the first asks the command to stop in good order, the second ends the process. */

const codes = { SIGINT: 130, SIGTERM: 143 } as const;
type SignalName = keyof typeof codes;

/** Listens from construction to {@link remove}. */
export class Interrupts {
  #controller = new AbortController();
  #exitCode: number | undefined;

  constructor(private readonly notice: (line: string) => void) {
    process.on('SIGINT', this.#receive);
    process.on('SIGTERM', this.#receive);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** 130 or 143 once interrupted. */
  get exitCode(): number | undefined {
    return this.#exitCode;
  }

  /** True for what `signal.throwIfAborted()` and aborted Node calls throw. */
  isReason(error: unknown): boolean {
    return error === this.signal.reason || (error instanceof Error && error.name === 'AbortError');
  }

  remove(): void {
    process.off('SIGINT', this.#receive);
    process.off('SIGTERM', this.#receive);
  }

  #receive = (name: SignalName): void => {
    if (this.#exitCode !== undefined) process.exit(codes[name]);
    this.#exitCode = codes[name];
    this.notice('Stopping in good order; press Ctrl-C again to stop at once.');
    this.#controller.abort();
  };
}
