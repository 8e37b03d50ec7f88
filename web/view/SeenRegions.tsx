/** @file What was found in a picture before anything was asked about it. */

import { onlyOne } from './lit.js';
import { Picture } from './Picture.js';
import { Regions } from './Regions.js';
import type { Seen } from './regionNames.js';
import { usePointed } from './usePointed.js';

interface Props {
  /** An address of the picture. */
  readonly picture: string;
  readonly seen: Seen;
  /** Whether the regions are called by what was drawn. */
  readonly hasDrawnNames: boolean;
}

/** Two parts, for a grid: what is looked at, and what was found. */
export function SeenRegions({ picture, seen, hasDrawnNames }: Props) {
  const [pointed, setPointed] = usePointed();
  const region = pointed !== undefined && 'region' in pointed ? pointed.region : undefined;
  return (
    <>
      <div class="looking">
        <Picture
          picture={picture}
          seen={seen}
          strengths={region === undefined ? undefined : onlyOne(seen, region)}
          marked={region}
          onPoint={setPointed}
        />
      </div>
      <section class="found" aria-label="What was found in the picture">
        <h2>{seen.regions.length} regions were found</h2>
        <Regions seen={seen} picture={picture} onPoint={setPointed} />
        {hasDrawnNames && (
          <p class="small">
            The names are those of what was drawn; the model sees pixels and is not told of them.
          </p>
        )}
      </section>
    </>
  );
}
