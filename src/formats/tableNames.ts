/** @file Names of tables that are told from others by them. */

/** `hw.tsv` and `train.hw.tsv`, in whatever case: the sizes of pictures that VinVL keeps beside its tables of features. */
export function isSizesTable(name: string): boolean {
  return /(^|[./])hw\.tsv$/i.test(name);
}
