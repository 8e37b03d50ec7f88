/** @file Files of questions or annotations, which a data set has in one or in shards. */

/** One file, or several that are taken together. */
export type SourceFiles = string | readonly string[];

export function listOfFiles(files: SourceFiles): readonly string[] {
  return typeof files === 'string' ? [files] : files;
}

/** How messages call them all. */
export function namesOfFiles(files: SourceFiles): string {
  return listOfFiles(files).join(', ');
}

/** What is in the files, one after the other. */
export async function* readTogether<T>(
  files: SourceFiles,
  read: (file: string) => AsyncIterable<T>,
  signal?: AbortSignal,
): AsyncGenerator<T> {
  for (const file of listOfFiles(files)) {
    for await (const each of read(file)) {
      signal?.throwIfAborted();
      yield each;
    }
  }
}
