/** @file Pages that need no server. */

export type { SiteDescription, SitePicture, StoredRegions } from './description.js';
export { type ExportedSite, type ExportSiteOptions, exportSite, type PictureForSite } from './exportSite.js';
export { readManifest, requireAnswering } from './modelFiles.js';
