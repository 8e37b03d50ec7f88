/** @file One finding about files that were given together. */

/** One comparison. */
export interface Fit {
  readonly files: readonly string[];
  readonly fits: boolean;
  /** A whole sentence; a command stands at its end, behind a colon. */
  readonly finding: string;
}

export function suits(files: readonly string[], finding: string): Fit {
  return { files, fits: true, finding };
}

export function clash(files: readonly string[], finding: string): Fit {
  return { files, fits: false, finding };
}
