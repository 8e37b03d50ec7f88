/** @file What a TSV file cannot say of itself, in a file beside it: which detector made its rows, and from what. */

import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { writeFileAtomic } from '../common/atomicFile.js';
import { hasErrorCode, LxmertError, messageOf } from '../common/errors.js';
import { findSchemaProblem } from '../common/schemaWords.js';
import { parseJson } from '../formats/jsonFault.js';
import { type Provenance, provenanceSchema } from './provenance.js';

const schema = z.strictObject({
  format: z.literal('lxmert-features-provenance'),
  version: z.literal(1),
  provenance: provenanceSchema,
  contentHashes: z.record(z.string(), z.string().regex(/^[0-9a-f]{64}$/)),
});

export interface TsvProvenance {
  readonly provenance: Provenance;
  /** SHA-256 of what each image's row was made from, by image id. */
  readonly contentHashes: ReadonlyMap<string, string>;
}

/** `features.tsv` -> `features.tsv.provenance.json` */
function tsvProvenancePath(tsv: string): string {
  return `${tsv}.provenance.json`;
}

export async function writeTsvProvenance(
  tsv: string,
  { provenance, contentHashes }: TsvProvenance,
): Promise<void> {
  const content: z.input<typeof schema> = {
    format: 'lxmert-features-provenance',
    version: 1,
    provenance,
    contentHashes: Object.fromEntries(contentHashes),
  };
  await writeFileAtomic(tsvProvenancePath(tsv), `${JSON.stringify(content, null, 1)}\n`);
}

/**
 * What stands beside a TSV file; undefined when nothing does.
 *
 * @throws LxmertError for a file that is not understood
 */
export async function readTsvProvenance(tsv: string): Promise<TsvProvenance | undefined> {
  const file = tsvProvenancePath(tsv);
  try {
    const value = parseJson(await readFile(file, 'utf8'));
    const problem = findSchemaProblem(schema, value);
    if (problem !== undefined) throw new Error(problem);
    const { provenance, contentHashes } = schema.parse(value);
    return { provenance, contentHashes: new Map(Object.entries(contentHashes)) };
  } catch (cause) {
    if (hasErrorCode(cause, 'ENOENT')) return undefined;
    throw new LxmertError(
      `${file} should say where the rows of ${tsv} come from, but it cannot be read: ${messageOf(cause)}. Put it right; or move it elsewhere and state the detector by flags (--detector).`,
      { cause },
    );
  }
}
