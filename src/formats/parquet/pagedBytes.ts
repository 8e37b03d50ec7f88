/**
 * @file One column of bytes out of a row group, some pages at a time: pictures take most of a table, and a hub's row groups of
 * them hundreds of megabytes.
 */

import type {
  ColumnMetaData,
  Compressors,
  FileMetaData,
  PageHeader,
  RowGroup,
  SchemaElement,
} from 'hyparquet';
import { parquetSchema } from 'hyparquet';
import { parquetHeader } from 'hyparquet/src/column.js';
import { getMaxRepetitionLevel, getTreePath } from 'hyparquet/src/schema.js';
import type { FillingAccess, RandomAccess } from '../randomAccess.js';
import { decompressors } from './decompressors.js';
import type { PageScratch } from './pageScratch.js';

/** A table in memory that holds some rows of one column. */
export interface ColumnPart {
  readonly bytes: RandomAccess;
  readonly metadata: FileMetaData;
  /** What unpacks its pages. */
  readonly compressors: Compressors;
}

/** Pages are gathered until they have so many bytes, packed or unpacked. */
const PART_BYTES = 1 << 23;
/** Statistics in a page's header may quote values. */
const [HEADER_BYTES, MAX_HEADER_BYTES] = [1 << 12, 1 << 22];
/** What a table begins with. */
const MARK_BYTES = 4;

/**
 * The parts of a column whose rows are bytes, or bytes in a structure with other things (`image: {bytes, path}`), in order.
 *
 * @returns undefined for a column of another form, which is read at once
 * @throws Error, as the end of a sentence, for pages that lie outside their column
 */
export function columnParts(
  file: FillingAccess,
  metadata: FileMetaData,
  group: RowGroup,
  { column, scratch }: { readonly column: string; readonly scratch: PageScratch },
): AsyncGenerator<ColumnPart, void, undefined> | undefined {
  const leaves = group.columns.flatMap(({ meta_data: about }) =>
    about?.path_in_schema[0] === column ? [about] : [],
  );
  const about =
    leaves.length === 1 ? leaves[0] : leaves.find(({ path_in_schema: [, leaf] }) => leaf === 'bytes');
  if (about === undefined) return undefined;
  const path = getTreePath(parquetSchema(metadata), about.path_in_schema);
  if (getMaxRepetitionLevel(path) > 0) return undefined;
  // The column alone, without what stands beside it in its structure.
  const schema = path.map(
    ({ element }, i): SchemaElement => (i < path.length - 1 ? { ...element, num_children: 1 } : element),
  );
  return partsOf(file, about, scratch, ({ bytes, numRows, hasDictionary, isOnePage }) => ({
    bytes,
    // Several pages that are read together each need their own memory.
    compressors: isOnePage ? scratch.compressors : decompressors,
    metadata: {
      ...metadata,
      schema,
      num_rows: BigInt(numRows),
      row_groups: [
        {
          ...group,
          num_rows: BigInt(numRows),
          columns: [{ file_offset: 0n, meta_data: placedAt(about, bytes.size, hasDictionary) }],
        },
      ],
    },
  }));
}

function placedAt(about: ColumnMetaData, size: number, hasDictionary: boolean): ColumnMetaData {
  const { dictionary_page_offset: _, ...rest } = about;
  const start = BigInt(MARK_BYTES);
  return {
    ...rest,
    data_page_offset: start,
    ...(hasDictionary ? { dictionary_page_offset: start } : {}),
    total_compressed_size: BigInt(size - MARK_BYTES),
  };
}

interface Pages {
  readonly bytes: RandomAccess;
  readonly numRows: number;
  readonly hasDictionary: boolean;
  readonly isOnePage: boolean;
}

async function* partsOf(
  file: FillingAccess,
  about: ColumnMetaData,
  scratch: PageScratch,
  make: (pages: Pages) => ColumnPart,
): AsyncGenerator<ColumnPart, void, undefined> {
  const start = Number(about.dictionary_page_offset || about.data_page_offset);
  const end = start + Number(about.total_compressed_size);
  if (!(start >= MARK_BYTES && start <= end && end <= file.size))
    throw new Error(`the column ${about.path_in_schema.join('.')} lies outside the file`);
  let dictionary: Uint8Array | undefined;
  let first = start;
  let [numRows, numPages, numUnpacked] = [0, 0, 0];
  const part = async (to: number): Promise<ColumnPart> => {
    const dictionaryBytes = dictionary?.length ?? 0;
    const bytes = scratch.packed(dictionaryBytes + to - first);
    if (dictionary !== undefined) bytes.set(dictionary);
    await file.fill(bytes.subarray(dictionaryBytes), first);
    const hasDictionary = dictionary !== undefined;
    return make({
      bytes: behindMark(bytes),
      numRows,
      hasDictionary,
      isOnePage: numPages === 1 && !hasDictionary,
    });
  };
  for (let at = start; at < end - 1; ) {
    const page = await pageAt(file, at, end);
    if (page.header.type === 'DICTIONARY_PAGE') {
      if (at !== start) throw new Error('a dictionary stands behind the values');
      dictionary = await file.read(at, page.end - at);
      first = page.end;
    } else {
      const { data_page_header: one, data_page_header_v2: two } = page.header;
      const { uncompressed_page_size: pageBytes } = page.header;
      if (numRows > 0 && Math.max(page.end - first, numUnpacked + pageBytes) > PART_BYTES) {
        yield await part(at);
        [first, numRows, numPages, numUnpacked] = [at, 0, 0, 0];
      }
      numPages++;
      numUnpacked += pageBytes;
      numRows += one?.num_values ?? two?.num_values ?? 0;
    }
    at = page.end;
  }
  if (numRows > 0) yield await part(end);
}

/** The header of a page, and where it ends. */
async function pageAt(
  file: RandomAccess,
  at: number,
  end: number,
): Promise<{ readonly header: PageHeader; readonly end: number }> {
  for (let length = HEADER_BYTES; ; length *= 16) {
    const bytes = await file.read(at, Math.min(length, end - at));
    const reader = { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset: 0 };
    try {
      const header = parquetHeader(reader);
      const pageEnd = at + reader.offset + header.compressed_page_size;
      if (!(reader.offset > 0 && header.compressed_page_size >= 0 && pageEnd <= end))
        throw new Error('a page reaches beyond its column');
      return { header, end: pageEnd };
    } catch (error) {
      // The header may be longer than what was read of it.
      if (!(error instanceof RangeError) || bytes.length === end - at || length >= MAX_HEADER_BYTES)
        throw error;
    }
  }
}

/** Pages as they would stand behind the mark that a table begins with; the mark itself is not there to be read. */
function behindMark(pages: Buffer): RandomAccess {
  return {
    size: MARK_BYTES + pages.length,
    read: (position, length) => {
      const start = position - MARK_BYTES;
      if (!(start >= 0 && start + length <= pages.length)) throw new Error('it points outside its pages');
      return pages.subarray(start, start + length);
    },
  };
}
