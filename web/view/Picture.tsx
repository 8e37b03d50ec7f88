/** @file The picture with its regions, each as strong as it is looked at. */

import type { ExplainedRegion } from '../../src/explain/explainedRegions.js';
import type { Explanation } from '../../src/explain/explanation.js';
import { nameOf } from './regionNames.js';

interface Props {
  /** An address of the picture; without it, boxes are drawn on an empty field of its size. */
  readonly picture: string | undefined;
  readonly seen: Pick<Explanation, 'width' | 'height' | 'regions'>;
  /** Strength of each region, 0 to 1, below 0 for what is drawn apart; undefined before anything was asked. */
  readonly shares: readonly number[] | undefined;
  /** The region that looks. */
  readonly chosen?: number | undefined;
  /** The region that is pointed at elsewhere. */
  readonly pointed: number | undefined;
  readonly onChoose?: (region: number) => void;
}

/** Regions whose names are written on the picture. */
const MOST_NAMED = 3;
/** Weaker regions are not named. */
const LEAST_SHARE = 0.2;

export function Picture({ picture, seen, shares, chosen, pointed, onChoose }: Props) {
  const { width, height, regions } = seen;
  // Large boxes first, so that small ones lie above them and can be pointed at.
  const order = regions.map((_, i) => i).sort((a, b) => areaOf(regions[b]) - areaOf(regions[a]));
  const named = new Set(
    [
      ...regions
        .map((_, i) => i)
        .filter((i) => Math.abs(shares?.[i] ?? 0) >= LEAST_SHARE)
        .sort((a, b) => Math.abs(shares?.[b] ?? 0) - Math.abs(shares?.[a] ?? 0))
        .slice(0, MOST_NAMED),
      chosen,
      pointed,
    ].filter((i) => i !== undefined),
  );
  const fontSize = Math.max(width, height) / 34;
  return (
    <div class="picture">
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
        {order.map((i) => {
          const [x1, y1, x2, y2] = regions[i]?.box ?? [0, 0, 0, 0];
          const isChosen = i === chosen || i === pointed;
          return (
            // biome-ignore lint/a11y/noStaticElementInteractions: the list of regions beside it does the same by keyboard
            <rect
              key={i}
              data-region={i}
              class={`${isChosen ? 'chosen' : ''} ${(shares?.[i] ?? 0) < 0 ? 'rises' : ''}`.trim()}
              x={x1}
              y={y1}
              width={Math.max(0, x2 - x1)}
              height={Math.max(0, y2 - y1)}
              style={{ '--share': String(Math.abs(shares?.[i] ?? 0.3)) }}
              onClick={() => onChoose?.(i)}
            >
              <title>{nameOf(seen, i)}</title>
            </rect>
          );
        })}
        {[...named].map((i) => {
          const [x1, y1] = regions[i]?.box ?? [0, 0];
          return (
            <text
              key={i}
              x={Math.max(x1, 0) + fontSize * 0.2}
              // Above the box where there is room for it, else inside.
              y={y1 > 1.3 * fontSize ? y1 - 0.35 * fontSize : y1 + 1.1 * fontSize}
              font-size={fontSize}
            >
              {nameOf(seen, i)}
            </text>
          );
        })}
      </svg>
    </div>
  );
}

function areaOf(region: ExplainedRegion | undefined): number {
  const [x1, y1, x2, y2] = region?.box ?? [0, 0, 0, 0];
  return (x2 - x1) * (y2 - y1);
}
