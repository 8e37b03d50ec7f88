/** @file Models as they are named, for commands that take some when none is. */

import type { HubKind } from '../common/pathSchemas.js';

/** A model as it was named, and what its name is to stand for. */
export interface NamedModel {
  readonly text: string;
  readonly kind: HubKind;
}

/**
 * Finds models: paths as they are, names on a hub as places in its cache, into which they are fetched when a person agrees.
 *
 * @throws UsageError for names that no hub has or may give, and where nobody can be asked; LxmertError when it fails
 */
export type FindModels = (named: readonly NamedModel[]) => Promise<string[]>;
