/** @file What a file of tensors is when it is not LXMERT's, as a sentence with the way on. */

/** Names of the region detector: Caffe's layers, those of its PyTorch ports, and what convert makes of either. */
const DETECTOR =
  /^(rpn_(conv|cls_score|bbox_pred)|res[2-5][a-z]\d*_branch|proposal_generator\.|roi_heads\.|backbone\.(stem|res\d))/;

/** What fine-tuning a few parameters leaves beside the model: it has no weights without that. */
const ADAPTER =
  /(^|\.)(lora_[AB]|lora_embedding_[AB]|lora_magnitude_vector|adapters?|prompt_encoder|ia3_l)(\.|$)/;

/** True for the names of the region detector's weights. */
function isDetector(names: Iterable<string>): boolean {
  for (const name of names) if (DETECTOR.test(name)) return true;
  return false;
}

/** Names of adapters among others. */
export function adapterNames(names: Iterable<string>): string[] {
  return [...names].filter((name) => ADAPTER.test(name) || name.includes('.base_layer.'));
}

/** The sentence for weights of another kind; undefined when nothing more is known of them. */
export function otherWeights(names: readonly string[]): string | undefined {
  if (isDetector(names)) {
    return "these are the weights of the region detector, which --detector takes (and lxmert extract, to make features). Here LXMERT's own are needed: a run folder, or a file such as model_LXRT.pth.";
  }
  const adapters = adapterNames(names);
  if (adapters.length > 0) {
    return `these are adapters (${adapters.length} of ${names.length} tensors, such as ${adapters[0]}), which change a model's weights and are none without it. Merge them into the model (peft: merge_and_unload) and save the whole.`;
  }
  return undefined;
}
