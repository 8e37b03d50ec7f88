/** @file What can be wrong with a zip archive; each reader of archives has its own sentences for it. */

/**
 * - `cut`: the directory at the end is missing, so it is no archive or not a whole one
 * - `name`: a member's name is absolute, leads out of its folder or has a backslash
 * - `twice`: two members have one name
 * - `crowded`: more members than any archive has that is read here
 * - `checksum`: a member's bytes are not those that were packed
 * - `damaged`: anything else
 */
export type ZipFaultKind = 'cut' | 'name' | 'twice' | 'crowded' | 'checksum' | 'damaged';

/** The message is a phrase without the archive's name, to end a sentence with. */
export class ZipFault extends Error {
  constructor(
    readonly kind: ZipFaultKind,
    message: string,
    /** The member at fault, where it is one. */
    readonly member?: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
