/** @file A curve of any length in constant memory, whose extremes stay as they were. */

/** A point of a curve; a y that is not finite is a gap. */
export type CurvePoint = readonly [x: number, y: number];

/** A few neighbouring points, of which the lowest and the highest are kept. */
interface Group {
  readonly low: CurvePoint;
  readonly high: CurvePoint;
  readonly numPoints: number;
}

/** More groups than this are not told apart on a screen; each gives at most two points. */
const MAX_GROUPS = 1000;

/**
 * Takes points in rising x. All are kept while they are few; then groups of 2, 4, 8 ... neighbours are kept by their
 * lowest and their highest point, so that a spike never vanishes as it would in a mean. First and last are kept too.
 */
export class ThinnedPoints {
  #groups: Group[] = [];
  #groupSize = 1;
  #first: CurvePoint | undefined;
  #last: CurvePoint | undefined;

  /** How many neighbours a group has: 1 while nothing is left out. */
  get groupSize(): number {
    return this.#groupSize;
  }

  add(x: number, y: number): void {
    const point: CurvePoint = [x, y];
    this.#first ??= point;
    this.#last = point;
    const group: Group = { low: point, high: point, numPoints: 1 };
    const open = this.#groups.at(-1);
    if (open !== undefined && open.numPoints < this.#groupSize) {
      this.#groups[this.#groups.length - 1] = merged(open, group);
      return;
    }
    this.#groups.push(group);
    if (this.#groups.length <= MAX_GROUPS) return;
    this.#groupSize *= 2;
    const halved: Group[] = [];
    for (let i = 0; i < this.#groups.length; i += 2) {
      const left = this.#groups[i]!;
      const right = this.#groups[i + 1];
      halved.push(right === undefined ? left : merged(left, right));
    }
    this.#groups = halved;
  }

  /** Forgets the points from `x` on: a run that is resumed passes them again. */
  dropFrom(x: number): void {
    const kept: Group[] = [];
    for (const group of this.#groups) {
      const [point, ...others] = [group.low, group.high].filter((each) => each[0] < x);
      if (point !== undefined) kept.push({ ...group, low: point, high: others[0] ?? point });
    }
    this.#groups = kept;
    if (this.#first !== undefined && this.#first[0] >= x) this.#first = undefined;
    if (this.#last !== undefined && this.#last[0] >= x) this.#last = undefined;
  }

  /** In rising x, one for each x. */
  get points(): CurvePoint[] {
    const byX = new Map<number, CurvePoint>();
    const all = [this.#first, ...this.#groups.flatMap(({ low, high }) => [low, high]), this.#last];
    for (const point of all) if (point !== undefined) byX.set(point[0], point);
    return [...byX.values()].sort(([a], [b]) => a - b);
  }
}

function merged(left: Group, right: Group): Group {
  return {
    low: better(left.low, right.low, (a, b) => a <= b),
    high: better(left.high, right.high, (a, b) => a >= b),
    numPoints: left.numPoints + right.numPoints,
  };
}

/** The one of two points that `wins`; a gap loses to any number. */
function better(a: CurvePoint, b: CurvePoint, wins: (a: number, b: number) => boolean): CurvePoint {
  if (!Number.isFinite(a[1])) return b;
  if (!Number.isFinite(b[1])) return a;
  return wins(a[1], b[1]) ? a : b;
}
