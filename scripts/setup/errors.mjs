/** @file What stops a setup and can be mended by a person. */

/** Its message says in whole sentences what is missing and what to do. */
export class SetupError extends Error {}
