/** @file What unpacks a table's pages: never more bytes than the page's header states. */

import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { decompress as decompressZstd } from 'fzstd';
import type { Compressors } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';

/** Hadoop's LZ4 is left out: its lengths may lead backwards. What pyarrow calls LZ4 is LZ4_RAW. */
const { SNAPPY, LZ4_RAW } = compressors;

export const decompressors: Compressors = {
  ...(SNAPPY && { SNAPPY }),
  ...(LZ4_RAW && { LZ4_RAW }),
  GZIP: (packed, length) => gunzipSync(packed, { maxOutputLength: Math.max(1, length) }),
  BROTLI: (packed, length) => brotliDecompressSync(packed, { maxOutputLength: Math.max(1, length) }),
  ZSTD: (packed, length) => decompressZstd(packed, new Uint8Array(length)),
};
