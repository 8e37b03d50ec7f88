/** @file How text looks on a terminal: in colour where that is wanted, with bars, no wider than the window. */

const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, blue: 34, cyan: 36 } as const;
export type Paint = keyof typeof CODES;
const PAINTS = Object.keys(CODES) as Paint[];

/**
 * Where a paint begins and ends, in private-use characters until the text is printed: a result quotes files, whose own
 * escape sequences are made harmless first.
 */
const FIRST_MARK = 0xf0b00;
const END = String.fromCodePoint(FIRST_MARK);
const MARKS = new RegExp(`[${END}-${String.fromCodePoint(FIRST_MARK + PAINTS.length)}]`, 'gu');

/** What the command line writes to, as far as its look depends on it. */
export interface Output {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** Columns where the output is no terminal, or one that does not say. */
const UNKNOWN_COLUMNS = 80;
const BAR_COLUMNS = 20;

/** What a command's `render` may ask of where its result is printed. */
export interface View {
  /** Whether a person sees it at once; else it may be a file or a program that reads. */
  readonly isTerminal: boolean;
  readonly columns: number;
  /** `share` of 1 as a bar of fixed width and a space; empty where there is no terminal. */
  bar(share: number): string;
}

export function viewOf(stream: Output, environment: NodeJS.ProcessEnv = process.env): View {
  const isTerminal = isCapable(stream, environment);
  const hasBlocks = /utf-?8/i.test(environment.LC_ALL || environment.LC_CTYPE || environment.LANG || '');
  return {
    isTerminal,
    columns: columnsOf(stream),
    bar: (share) => (isTerminal ? `${barOf(share, hasBlocks)} ` : ''),
  };
}

/** Columns of a terminal. */
export function columnsOf({ columns }: Output): number {
  return columns || UNKNOWN_COLUMNS;
}

/** Whether cursors and colours can be expected of it. */
export function isCapable({ isTTY }: Output, environment: NodeJS.ProcessEnv = process.env): boolean {
  return isTTY === true && environment.TERM !== 'dumb';
}

/**
 * Whether colours are printed: on a terminal, unless NO_COLOR is set; FORCE_COLOR decides before either, as Node.js has it
 * (`0` and `false` for none).
 */
export function hasColor(stream: Output, environment: NodeJS.ProcessEnv = process.env): boolean {
  const { FORCE_COLOR: forced, NO_COLOR: none } = environment;
  if (forced !== undefined) return forced !== '0' && forced !== 'false';
  if (none !== undefined && none !== '') return false;
  return isCapable(stream, environment);
}

/** Text that {@link dressed} gives its colour. */
export function painted(paint: Paint, text: string): string {
  return `${String.fromCodePoint(FIRST_MARK + 1 + PAINTS.indexOf(paint))}${text}${END}`;
}

/** Text for printing: what was painted in colour, or as it is. */
export function dressed(text: string, isColored: boolean): string {
  return text.replace(MARKS, (mark) => {
    const paint = PAINTS[(mark.codePointAt(0) as number) - FIRST_MARK - 1];
    return isColored ? `\x1b[${paint === undefined ? 0 : CODES[paint]}m` : '';
  });
}

/** Full blocks and a half one, or signs that every terminal has. */
function barOf(share: number, hasBlocks: boolean): string {
  const halves = Math.round(2 * BAR_COLUMNS * Math.min(1, Math.max(0, share)));
  const [full, half, rest] = hasBlocks ? ['\u2588', '\u258c', ' '] : ['#', '', '.'];
  const filled = full.repeat(halves >> 1) + (halves % 2 === 1 ? half : '');
  const bar = filled + rest.repeat(BAR_COLUMNS - filled.length);
  return hasBlocks ? painted('cyan', bar) : `[${bar}]`;
}

/** Lines of at most `columns`, broken between words; each but the first begins with `indent` spaces, beyond those columns. */
export function wrapped(text: string, columns: number, indent = 0): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].join(`\n${' '.repeat(indent)}`);
}

/** A command line over several lines, as a shell takes it: flags that find no room begin a line of their own. */
export function wrappedCommand(command: string, columns: number, indent: number): string {
  const lines: string[] = [];
  for (const part of flagsWithValues(command)) {
    const last = lines.at(-1);
    // Room for the sign that the line goes on.
    if (last !== undefined && last.length + part.length + 3 + indent <= columns)
      lines[lines.length - 1] = `${last} ${part}`;
    else lines.push(part);
  }
  return lines.join(` \\\n${' '.repeat(indent + 2)}`);
}

/** The words before the first flag, then each flag with what follows it; quoted words stay whole. */
function flagsWithValues(command: string): string[] {
  const parts: string[] = [];
  for (const [word] of command.matchAll(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g)) {
    if (parts.length === 0 || word.startsWith('-')) parts.push(word);
    else parts[parts.length - 1] += ` ${word}`;
  }
  return parts;
}
