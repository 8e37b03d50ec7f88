/** @file What was found in a picture before anything was asked about it. */

import { useState } from 'preact/hooks';
import type { Explanation } from '../../src/explain/explanation.js';
import { Picture } from './Picture.js';
import { Regions } from './Regions.js';

interface Props {
  /** An address of the picture. */
  readonly picture: string;
  readonly seen: Pick<Explanation, 'width' | 'height' | 'regions'>;
  /** Whether the regions are called by what was drawn. */
  readonly hasDrawnNames: boolean;
}

export function SeenRegions({ picture, seen, hasDrawnNames }: Props) {
  const [pointed, setPointed] = useState<number | undefined>();
  return (
    <section class="result" aria-label="What was found in the picture">
      <h2>{seen.regions.length} regions were found</h2>
      <div class="columns">
        <Picture picture={picture} seen={seen} shares={undefined} pointed={pointed} />
        <Regions
          seen={seen}
          values={undefined}
          most={1}
          chosen={undefined}
          onChoose={undefined}
          onPoint={setPointed}
        />
      </div>
      {hasDrawnNames && (
        <p class="small">
          The names are those of what was drawn; the model sees pixels and is not told of them.
        </p>
      )}
    </section>
  );
}
