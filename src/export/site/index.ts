/** @file Pages that need no server. */

export type { StoredRegions } from './description.js';
export { type ExportedSite, exportSite, type PictureForSite } from './exportSite.js';
export { readFolderManifest, requireAnswering } from './modelFiles.js';
