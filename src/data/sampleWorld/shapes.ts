/** @file The outlines of the shapes, as signed distances, so that edges can be drawn smoothly. */

import type { SampleShape } from './palette.js';

type Point = readonly [number, number];

/** Corners of the shapes with straight edges, for radius 1 around the origin, y downwards. */
const CORNERS: Partial<Record<SampleShape, readonly Point[]>> = {
  square: [
    [-0.86, -0.86],
    [0.86, -0.86],
    [0.86, 0.86],
    [-0.86, 0.86],
  ],
  triangle: regularCorners(3, 1.12),
  star: starCorners(5, 1.15, 0.48),
  cross: crossCorners(1, 0.34),
};

/** Thickness of the ring as a share of its radius. */
const RING_THICKNESS = 0.36;

/**
 * Distance in pixels from (x, y), measured from the object's center, to the outline: negative inside.
 */
export function signedDistance(
  shape: SampleShape,
  radius: number,
  rotation: number,
  x: number,
  y: number,
): number {
  const corners = CORNERS[shape];
  if (corners === undefined) {
    const distance = Math.hypot(x, y);
    if (shape === 'circle') return distance - radius;
    const half = (RING_THICKNESS * radius) / 2;
    return Math.abs(distance - (radius - half)) - half;
  }
  const cosine = Math.cos(rotation);
  const sine = Math.sin(rotation);
  return (
    radius * polygonDistance(corners, (cosine * x + sine * y) / radius, (cosine * y - sine * x) / radius)
  );
}

/** x1, y1, x2, y2 of the outline around its center, in pixels. */
export function shapeBounds(
  shape: SampleShape,
  radius: number,
  rotation: number,
): readonly [number, number, number, number] {
  const corners = CORNERS[shape];
  if (corners === undefined) return [-radius, -radius, radius, radius];
  const cosine = Math.cos(rotation);
  const sine = Math.sin(rotation);
  const xs = corners.map(([x, y]) => radius * (cosine * x - sine * y));
  const ys = corners.map(([x, y]) => radius * (sine * x + cosine * y));
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}

/** Distance to the nearest edge; its sign from the crossing number of a ray to the right. */
function polygonDistance(corners: readonly Point[], x: number, y: number): number {
  let nearest = Number.POSITIVE_INFINITY;
  let inside = false;
  let [previousX, previousY] = corners[corners.length - 1] as Point;
  for (const [cornerX, cornerY] of corners) {
    const edgeX = cornerX - previousX;
    const edgeY = cornerY - previousY;
    const along = ((x - previousX) * edgeX + (y - previousY) * edgeY) / (edgeX * edgeX + edgeY * edgeY);
    const clamped = Math.min(1, Math.max(0, along));
    const dx = x - previousX - clamped * edgeX;
    const dy = y - previousY - clamped * edgeY;
    nearest = Math.min(nearest, dx * dx + dy * dy);
    if (cornerY > y !== previousY > y && x < previousX + ((y - previousY) / edgeY) * edgeX) inside = !inside;
    previousX = cornerX;
    previousY = cornerY;
  }
  return inside ? -Math.sqrt(nearest) : Math.sqrt(nearest);
}

function regularCorners(numCorners: number, radius: number): Point[] {
  return Array.from({ length: numCorners }, (_, i) => polar(radius, i / numCorners));
}

function starCorners(numTips: number, outer: number, inner: number): Point[] {
  return Array.from({ length: 2 * numTips }, (_, i) => polar(i % 2 === 0 ? outer : inner, i / (2 * numTips)));
}

/** A plus sign: arms reach `reach` from the middle and are 2 * `half` wide. */
function crossCorners(reach: number, half: number): Point[] {
  const arm: Point[] = [
    [-half, -reach],
    [half, -reach],
    [half, -half],
  ];
  // A quarter turn clockwise maps (x, y) to (-y, x).
  const corners: Point[] = [];
  let points = arm;
  for (let quarter = 0; quarter < 4; quarter++) {
    corners.push(...points);
    points = points.map(([x, y]) => [-y, x] as const);
  }
  return corners;
}

/** A point `turn` of the way round, clockwise from straight up. */
function polar(radius: number, turn: number): Point {
  return [radius * Math.sin(2 * Math.PI * turn), -radius * Math.cos(2 * Math.PI * turn)];
}
