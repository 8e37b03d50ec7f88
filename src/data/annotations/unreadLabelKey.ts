/** @file The key that an example's label may stand under where it has none under its own: "labels" for "label". */

/** What people call labels. */
const LIKE_A_LABEL = /lab|answer|target|truth|\bans\b/i;

/** Keys that annotations have beside the label. */
const OTHERS = new Set(['answer_type', 'question_type', 'answerable', 'is_topk_optimal']);

/**
 * To be spread into an example whose label is `label`: nothing when it has one.
 *
 * @param record as it stands in the file
 */
export function unreadLabelKey(
  label: unknown,
  record: unknown,
): { readonly unreadLabelKey: string } | undefined {
  if (label !== undefined || typeof record !== 'object' || record === null) return undefined;
  const key = Object.keys(record).find((each) => LIKE_A_LABEL.test(each) && !OTHERS.has(each));
  return key === undefined ? undefined : { unreadLabelKey: key };
}
