/** @file A source of rows under the ids by which questions know their pictures. */

import type { ImageIdMap } from '../imageIdMap.js';
import type { PlacedRow, RowReading, RowSource } from './rowSource.js';

/** Pictures that keep the ids of their file. */
export interface OwnIds {
  readonly numImages: number;
  readonly first: string;
}

/** A source under other ids, and what it found none for so far. */
export interface RenamedRows {
  readonly source: RowSource;
  readonly ownIds: OwnIds | undefined;
}

/** Pictures without a partner keep their ids, and are counted. */
export function renamedRows(source: RowSource, map: ImageIdMap): RenamedRows {
  let ownIds: OwnIds | undefined;
  const renamed = (imageId: string) => map.partnerOf(imageId) ?? imageId;
  async function* rows(reading?: RowReading): AsyncGenerator<PlacedRow, void, undefined> {
    for await (const placed of source.rows(reading)) {
      const { imageId } = placed.row;
      yield { ...placed, row: { ...placed.row, imageId: renamed(imageId) } };
      // Behind the row, which a conversion that has enough rows looks at and leaves.
      if (map.partnerOf(imageId) === undefined)
        ownIds = { numImages: (ownIds?.numImages ?? 0) + 1, first: ownIds?.first ?? imageId };
    }
  }
  return {
    source: {
      ...source,
      identity: { ...source.identity, ids: map.description },
      rows,
      idAt: async (place) => {
        const imageId = await source.idAt(place);
        return imageId === undefined ? undefined : renamed(imageId);
      },
    },
    get ownIds() {
      return ownIds;
    },
  };
}
