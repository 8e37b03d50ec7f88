/** @file What one pixel adds to each map of a region's features: color, outline and contrast. */

const NUM_HUES = 12;
const NUM_GREYS = 4;
const NUM_DIRECTIONS = 8;

/** Where each group of maps begins. */
const HUE = 0;
const GREY = HUE + NUM_HUES;
const RGB = GREY + NUM_GREYS;
const DIRECTION = RGB + 3;
const EDGE = DIRECTION + NUM_DIRECTIONS;
const FIGURE = EDGE + 1;
const GROUND = FIGURE + 1;
const DARK = GROUND + 1;
export const NUM_PIXEL_MAPS = DARK + 1;

/** Brings gradients, which are small, to the height of the other maps. */
const EDGE_GAIN = 2;
/** Empty ground fills most windows; at full height it would drown what differs between regions. */
const GROUND_GAIN = 0.1;
/** A difference from the background of this much (of 255) or more counts as fully figure. */
const FULL_FIGURE = 60;

/** A channel's value as a share of its most. */
const SHARES = Float64Array.from({ length: 256 }, (_, value) => value / 255);
/** The channels beside red, green and blue in the circle of hues, each followed by the other. */
const NEXT = Uint8Array.of(1, 2, 0, 1);
/** Sixths of the circle at which pure red, green and blue stand, red at its end. */
const HUE_SIXTHS = Float64Array.of(6, 2, 4);
/** What a number of sixths is over a full circle by: more than six is. */
const FULL_CIRCLE = Float64Array.of(0, 0, 0, 0, 0, 0, 6, 6);
const NEXT_HUE = Uint8Array.from({ length: NUM_HUES }, (_, hue) => HUE + ((hue + 1) % NUM_HUES));
const NEXT_DIRECTION = Uint8Array.from(
  { length: NUM_DIRECTIONS },
  (_, direction) => DIRECTION + ((direction + 1) % NUM_DIRECTIONS),
);
/** What a double of pi leaves out. */
const PI_REST = 1.2246467991473532e-16;
/** How much of a pixel is figure, 0 to 1. @param difference from the background, of 255 */
export function figureOf(difference: number): number {
  return Math.min(1, difference / FULL_FIGURE);
}

/** A map's value is a float32, as those of a detector's layers are. */
function add(sums: Float64Array, map: number, value: number): void {
  sums[map] = (sums[map] as number) + Math.fround(value);
}

/**
 * Adds how far a pixel stands out, its hue in soft bins weighted by chroma, the lightness of what is grey in soft bins, and the
 * channels themselves; all weighted by how far the pixel stands out, so that two objects of one color agree whatever they
 * lie on.
 *
 * Which channel is the largest is anybody's guess in noise, and a processor's too: it is found without branches.
 *
 * @param sums (NUM_PIXEL_MAPS)
 * @param at where the pixel's red, green and blue stand in `data`
 */
export function addColor(sums: Float64Array, figure: number, data: Uint8Array, at: number): void {
  const red = data[at] as number;
  const green = data[at + 1] as number;
  const blue = data[at + 2] as number;
  const largest = larger(larger(red, green), blue);
  const most = SHARES[largest] as number;
  const least = SHARES[255 - larger(larger(255 - red, 255 - green), 255 - blue)] as number;
  const chroma = most - least;
  if (chroma > 0) {
    // 0, 1 or 2 for the first channel that is the largest; the next two, in a circle, tell the hue beside it.
    const channel = isLess(red, largest) * (1 + isLess(green, largest));
    const next = SHARES[data[at + (NEXT[channel] as number)] as number] as number;
    const last = SHARES[data[at + (NEXT[channel + 1] as number)] as number] as number;
    const sixth = (next - last) / chroma + (HUE_SIXTHS[channel] as number);
    const position = (sixth - (FULL_CIRCLE[sixth | 0] as number)) * (NUM_HUES / 6);
    const low = position | 0;
    add(sums, HUE + low, figure * chroma * (1 - position + low));
    add(sums, NEXT_HUE[low] as number, figure * chroma * (position - low));
  }
  const position = ((most + least) / 2) * (NUM_GREYS - 1);
  const low = Math.min(position | 0, NUM_GREYS - 2);
  add(sums, GREY + low, figure * (1 - chroma) * (1 - position + low));
  add(sums, GREY + low + 1, figure * (1 - chroma) * (position - low));
  const r = SHARES[red] as number;
  const g = SHARES[green] as number;
  const b = SHARES[blue] as number;
  add(sums, RGB, figure * r);
  add(sums, RGB + 1, figure * g);
  add(sums, RGB + 2, figure * b);
  add(sums, FIGURE, figure);
  add(sums, GROUND, GROUND_GAIN * (1 - figure));
  add(sums, DARK, figure * (1 - (0.299 * r + 0.587 * g + 0.114 * b)));
}

/** Of two bytes. */
function larger(a: number, b: number): number {
  return a - ((a - b) & ((a - b) >> 31));
}

/** 1 or 0. */
function isLess(a: number, b: number): number {
  return (a - b) >>> 31;
}

/**
 * Adds the strength of a pixel's outline by its direction (into the figure differs from out of it). Taken from how far pixels
 * stand out and not from brightness, an outline is as strong for a green object on grey as for a white one.
 *
 * @param dx, dy the slope of the figure's share to the right and downwards
 */
export function addEdge(sums: Float64Array, dx: number, dy: number): void {
  if (dx === 0 && dy === 0) return;
  const strength = EDGE_GAIN * Math.sqrt(dx * dx + dy * dy);
  add(sums, EDGE, strength);
  const turn = angleOf(dx, dy) / (2 * Math.PI) + 1;
  const position = (turn - (turn | 0)) * NUM_DIRECTIONS;
  const low = position | 0;
  add(sums, DIRECTION + low, strength * (1 - position + low));
  add(sums, NEXT_DIRECTION[low] as number, strength * (position - low));
}

/** The bits of `Math.atan2(dy, dx)`, in a part of its time: engines compile `Math.atan` and call the other. */
function angleOf(dx: number, dy: number): number {
  const acute = Math.atan(Math.abs(dy / dx));
  const angle = dx < 0 ? Math.PI - (acute - PI_REST) : acute;
  return dy < 0 ? -angle : angle;
}
