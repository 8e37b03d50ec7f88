import type { Detector } from '../../src/extraction/settings.js';

export function plainRegions(settings?: {
  readonly log?: string;
  readonly milliseconds?: number;
  readonly precision?: string;
  readonly minBoxes?: number;
}): Detector;
