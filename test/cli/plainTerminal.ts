/** @file A terminal as far as progress bars use one: what stands on its screen after the control sequences were obeyed. */

const ESCAPE = '\x1b';
/** A control sequence, or one character. */
const TOKEN = new RegExp(`${ESCAPE}\\[\\??\\d*[A-Za-z]|[\\s\\S]`, 'g');

export class PlainTerminal {
  readonly isTTY = true;
  /** Whether a full line goes on in the next one; else what is beyond its end is lost. */
  wraps = true;
  #rows: string[] = [''];
  #row = 0;
  #column = 0;

  constructor(readonly columns: number) {}

  /** Lines of the screen. */
  get lines(): readonly string[] {
    return this.#rows.map((row) => row.trimEnd());
  }

  write(text: string): boolean {
    for (const [token] of text.matchAll(TOKEN)) {
      if (token.startsWith(ESCAPE)) this.#obey(token);
      else this.#put(token);
    }
    return true;
  }

  #obey(sequence: string): void {
    const [, number, command] = /(\d*)([A-Za-z])$/.exec(sequence) ?? [];
    const count = number === '' ? 1 : Number(number);
    const line = this.#rows[this.#row] as string;
    switch (sequence.startsWith('\x1b[?') ? sequence.slice(3) : command) {
      case '7h':
      case '7l':
        this.wraps = sequence.endsWith('h');
        return;
      case '25h':
      case '25l':
        return;
      case 'A':
        this.#row = Math.max(0, this.#row - count);
        return;
      case 'G':
        this.#column = count - 1;
        return;
      case 'J':
        this.#rows = this.#rows.slice(0, this.#row + 1);
        this.#rows[this.#row] = line.slice(0, this.#column);
        return;
      case 'K':
        this.#rows[this.#row] = number === '2' ? '' : line.slice(0, this.#column);
        return;
      default:
        throw new Error(`Bars do not use ${JSON.stringify(sequence)}.`);
    }
  }

  #put(character: string): void {
    if (character === '\r') this.#column = 0;
    else if (character === '\n') this.#newLine();
    else {
      if (this.#column >= this.columns) {
        if (this.wraps) this.#newLine();
        else this.#column = this.columns - 1;
      }
      const line = (this.#rows[this.#row] as string).padEnd(this.#column);
      this.#rows[this.#row] = line.slice(0, this.#column) + character + line.slice(this.#column + 1);
      this.#column++;
    }
  }

  #newLine(): void {
    this.#row++;
    this.#column = 0;
    if (this.#row === this.#rows.length) this.#rows.push('');
  }
}
