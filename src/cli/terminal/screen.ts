/** @file What a running command prints: lines, and the bar that they must not run into. */

import type { ProgressDisplay } from '../command.js';
import { printable } from './printable.js';
import { createProgressDisplay, type SharedDisplay } from './progressDisplay.js';

export class Screen {
  readonly #displays = new Set<SharedDisplay>();

  /**
   * @param stderr where notices and progress are shown
   * @param isQuiet shows neither
   */
  constructor(
    private readonly stderr: NodeJS.WriteStream,
    private readonly isQuiet = false,
  ) {}

  /** Prints a line that is not a result. */
  notice(line: string): void {
    if (!this.isQuiet) this.print(this.stderr, line);
  }

  /** Prints a line on stdout or stderr; a bar that is on the screen moves below it. */
  print(stream: NodeJS.WriteStream, line: string): void {
    const write = (): void => void stream.write(`${printable(line)}\n`);
    let printed = write;
    for (const display of this.#displays) {
      const print = printed;
      printed = () => display.printAbove(print);
    }
    printed();
  }

  /** Starts a display; nothing is shown before the first update. */
  progress(label: string, unit: string): ProgressDisplay {
    if (this.isQuiet) return { update: () => undefined, stop: () => undefined };
    const display = createProgressDisplay(this.stderr, label, unit);
    this.#displays.add(display);
    return {
      update: (done, total, detail) => display.update(done, total, detail),
      stop: () => {
        this.#displays.delete(display);
        display.stop();
      },
    };
  }

  /**
   * Ends the displays that work left behind when it failed or was cut off: what comes after a bar would be cut at the edge
   * of the terminal, and the cursor would stay hidden.
   */
  end(): void {
    for (const display of this.#displays) display.stop();
    this.#displays.clear();
  }
}
