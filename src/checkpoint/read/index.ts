/** @file Files of torch.save that hold other things than weights; needs no tensors. */

export { isLegacyFile, openTensorDictionary } from './tensorDictionary.js';
