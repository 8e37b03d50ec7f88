/** @file The quickstart's settings where nothing else is said: minutes of training that end above 90 %. */

export const QUICKSTART_DEFAULTS = {
  folder: 'quickstart',
  numImages: 1500,
  numEpochs: 6,
  numBoxes: 8,
  hiddenSize: 96,
  learningRate: 5e-4,
  batchSize: 32,
  // The products of so small a model are too short to share: a second thread costs more than it gives.
  numThreads: 1,
  precision: 'float32',
  seed: 9595,
} as const;

/** What its world is like, besides the number of scenes and their seed. */
export const QUICKSTART_WORLD = {
  /** More about each picture teaches more than the same again: half as many passes over twice as many questions. */
  questionsPerImage: 20,
  /** Counting up to four is learned in minutes, up to five in more. */
  maxObjects: 4,
} as const;
