/** @file The published models by their names on the hub, and what a person should know of them. */

/** The fine-tuned model of VQA v2. */
export const PUBLISHED_VQA = 'unc-nlp/lxmert-vqa-uncased';
/** The detector that goes with it on the hub. */
export const PUBLISHED_DETECTOR = 'unc-nlp/frcnn-vg-finetuned';

/** Whether a model of this name was trained on regions of the published detector. */
export function isPublishedModel(name: string): boolean {
  return name.startsWith('unc-nlp/lxmert-');
}

/** Whether a name is that of a published model or of the detector. */
export function isPublished(name: string): boolean {
  return isPublishedModel(name) || name === PUBLISHED_DETECTOR;
}

/**
 * What the hub's detector is beside the one that LXMERT was trained with. Accuracies on GQA testdev: huggingface/transformers,
 * issue 8769.
 */
export const DETECTOR_REMARK =
  `${PUBLISHED_DETECTOR} is the detector for 10 to 100 regions in Hugging Face's port; LXMERT was trained on regions of another training ` +
  'of it, for 36, by its original rules. Users of the port measured 58.5 % on GQA testdev with its regions and 59.3 % with the original ones. ' +
  'For those: --detector with the original weights (lxmert download --list, group detector).';
