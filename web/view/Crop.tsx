/** @file A region, cut out of the picture. */

import type { Seen } from './regionNames.js';

interface Props {
  /** An address of the picture. */
  readonly picture: string | undefined;
  readonly seen: Seen;
  readonly region: number;
}

export function Crop({ picture, seen: { width, height, regions }, region }: Props) {
  if (picture === undefined) return null;
  const [x1, y1, x2, y2] = regions[region]?.box ?? [0, 0, 0, 0];
  return (
    <svg
      class="crop"
      viewBox={`${x1} ${y1} ${Math.max(1, x2 - x1)} ${Math.max(1, y2 - y1)}`}
      preserveAspectRatio="xMidYMid slice"
      aria-hidden="true"
    >
      <image href={picture} width={width} height={height} preserveAspectRatio="none" />
    </svg>
  );
}
