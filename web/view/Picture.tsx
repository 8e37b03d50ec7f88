/** @file The picture in the dark: what counted is lit. */

import { useId } from 'preact/hooks';
import { type Pointed, pointing } from './lit.js';
import { regionLabels } from './regionLabels.js';
import { nameOf, type Seen } from './regionNames.js';

interface Props {
  /** An address of the picture; without it, boxes are drawn on an empty field of its size. */
  readonly picture: string | undefined;
  readonly seen: Seen;
  /** Strength of each region, 0 to 1, below 0 for what is not lit but marked; undefined: nothing is dark. */
  readonly strengths: readonly number[] | undefined;
  /** Regions that stand out by a border. */
  readonly marked?: number | undefined;
  /** Regions that were taken away. */
  readonly away?: readonly number[];
  readonly onToggle?: ((region: number) => void) | undefined;
  readonly onPoint?: ((pointed: Pointed) => void) | undefined;
  /** While the picture is looked at. */
  readonly isBusy?: boolean;
}

/** Regions whose names are written on the picture. */
const MOST_NAMED = 3;
/** Weaker regions are not named: of many, those with less than twice the even share, as isEven has it. */
const LEAST_NAMED = 0.5;

export function Picture(props: Props) {
  const { picture, seen, strengths, marked, away = [], onToggle, onPoint, isBusy = false } = props;
  const { width, height, regions } = seen;
  const places = regions.map((_, i) => i);
  const strengthOf = (i: number): number => strengths?.[i] ?? 0;
  // Large boxes first, so that small ones lie above them and can be pointed at.
  const bySize = places.toSorted((a, b) => areaOf(seen, b) - areaOf(seen, a));
  const named = new Set([
    ...(marked === undefined ? [] : [marked]),
    ...places
      .filter((i) => Math.abs(strengthOf(i)) >= LEAST_NAMED)
      .sort((a, b) => Math.abs(strengthOf(b)) - Math.abs(strengthOf(a)))
      .slice(0, MOST_NAMED),
  ]);
  const fontSize = Math.max(width, height) / 34;
  return (
    <div
      class={`picture ${isBusy ? 'looked-at' : ''}`}
      style={{ '--width': String(width), '--height': String(height) }}
    >
      {picture === undefined ? (
        <svg
          class="blank"
          viewBox={`0 0 ${width} ${height}`}
          role="img"
          aria-label="An empty field of the picture's size"
        />
      ) : (
        <img src={picture} width={width} height={height} alt="What the question is about" />
      )}
      <svg class="seen" viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" aria-hidden="true">
        {strengths !== undefined && <Dark seen={seen} strengths={strengths} />}
        {bySize.map((i) => {
          const isMarked = i === marked;
          const classes = [
            ...(isMarked ? ['chosen'] : []),
            ...(strengthOf(i) < 0 ? ['rises'] : []),
            ...(away.includes(i) ? ['away'] : []),
          ];
          return (
            // biome-ignore lint/a11y/noStaticElementInteractions: the list of regions beside it does the same by keyboard
            <rect
              key={i}
              data-region={i}
              class={classes.join(' ')}
              {...boxOf(seen, i)}
              style={{ '--share': String(strengths === undefined ? 0.3 : Math.abs(strengthOf(i))) }}
              onClick={() => onToggle?.(i)}
              {...(onPoint && pointing(onPoint, { region: i }))}
            >
              <title>{nameOf(seen, i)}</title>
            </rect>
          );
        })}
        {regionLabels(seen, [...named], fontSize).map(({ region, name, x, y, anchor }) => (
          <text key={region} x={x} y={y} text-anchor={anchor} font-size={fontSize}>
            {name}
          </text>
        ))}
      </svg>
    </div>
  );
}

/**
 * Darkness with holes: where boxes overlap, the strongest of them counts, and not their sum, or any place that many
 * boxes share would be lit. A mask is painted with the weakest first, so that the strongest is what is left.
 */
function Dark({ seen, strengths }: { readonly seen: Seen; readonly strengths: readonly number[] }) {
  const id = useId();
  const { width, height, regions } = seen;
  const ascending = regions.map((_, i) => i).sort((a, b) => (strengths[a] ?? 0) - (strengths[b] ?? 0));
  return (
    <>
      <mask id={id} maskUnits="userSpaceOnUse" x="0" y="0" width={width} height={height}>
        <rect class="unlit" width={width} height={height} />
        {ascending.map((i) => {
          const gray = Math.round(255 * (1 - Math.max(0, Math.min(1, strengths[i] ?? 0))));
          return <rect key={i} class="hole" {...boxOf(seen, i)} fill={`rgb(${gray} ${gray} ${gray})`} />;
        })}
      </mask>
      <rect class="dark" width={width} height={height} mask={`url(#${id})`} />
    </>
  );
}

function boxOf({ regions }: Seen, region: number) {
  const [x1, y1, x2, y2] = regions[region]?.box ?? [0, 0, 0, 0];
  return { x: x1, y: y1, width: Math.max(0, x2 - x1), height: Math.max(0, y2 - y1) };
}

function areaOf(seen: Seen, region: number): number {
  const { width, height } = boxOf(seen, region);
  return width * height;
}
