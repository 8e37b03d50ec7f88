/** @file Names of settings as the command line spells them. */

/** `numImages` becomes `num-images`; a digit stays with the letters before it. */
export function kebabCase(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
