/** @file The worker that has the model: it loads it, finds regions, answers and explains, so that the page stays awake. */

import { explainedRegions } from '../../src/explain/explainedRegions.js';
import { type ImageRegions, Lxmert, LxmertImage, useWasmFiles } from '../../src/runtime/index.js';
import { unreadOf } from '../../src/text/index.js';
import { EngineFiles } from './engineFiles.js';
import type {
  ExplainRequest,
  Loading,
  LoadRequest,
  RemoveRequest,
  Results,
  Seen,
  SeeRequest,
  SiteReply,
  SiteRequest,
  ToSee,
} from './protocol.js';
import { rowOf } from './storedRegions.js';

/** Answers that are explained. */
const NUM_ANSWERS = 5;
/** Pictures whose regions are kept for more questions. */
const NUM_KEPT = 16;

let lxmert: Lxmert | undefined;
const seen = new Map<string, ImageRegions>();
const files = new EngineFiles();
useWasmFiles((name) => files.read(name));

let loaded: Promise<unknown> = Promise.resolve();
const asked = new Set<Promise<void>>();
globalThis.onmessage = ({ data: { id, request } }: MessageEvent<{ id: number; request: SiteRequest }>) => {
  const reply = (message: SiteReply): void => globalThis.postMessage(message);
  const answer = async (): Promise<void> => {
    try {
      reply({ id, result: await handle(request, (loading) => reply({ id, loading })) });
    } catch (error) {
      reply({ id, failure: error instanceof Error ? error.message : String(error) });
    }
  };
  // Nothing is asked of a model that is being let go.
  if (request.kind === 'load') {
    loaded = Promise.all([loaded, ...asked]).then(answer);
    return;
  }
  // Side by side: a new question comes between the many passes of what an earlier one becomes without its parts.
  const work = loaded.then(answer).finally(() => asked.delete(work));
  asked.add(work);
};

async function handle(
  request: SiteRequest,
  onLoading: (loading: Loading) => void,
): Promise<Results[keyof Results]> {
  switch (request.kind) {
    case 'load':
      return await load(request, onLoading);
    case 'see':
      return await see(request);
    case 'explain':
      return await explain(request);
    case 'remove':
      return await remove(request);
  }
}

async function load(
  { base, site, precision, engine }: LoadRequest,
  onLoading: (loading: Loading) => void,
): Promise<Results['load']> {
  await lxmert?.dispose();
  lxmert = undefined;
  seen.clear();
  const loading = { engine: { numBytes: 0, totalBytes: 0 }, model: { numBytes: 0, totalBytes: 0 } };
  const tell = (part: keyof typeof loading, state: Loading): void => {
    loading[part] = state;
    const { engine: first, model: second } = loading;
    onLoading({
      numBytes: first.numBytes + second.numBytes,
      totalBytes: first.totalBytes + second.totalBytes,
    });
  };
  files.start(site, base, (state) => tell('engine', state));
  const { numBytes = 0 } = site.weights.find((each) => each.precision === precision) ?? {};
  loading.model.totalBytes = numBytes;
  lxmert = await Lxmert.load(new URL(site.model, base).href, {
    precision,
    engine,
    detector: site.detector === null ? undefined : new URL(site.detector, base).href,
    onProgress: (state) => tell('model', state),
  });
  return lxmert.engine;
}

async function see(request: SeeRequest): Promise<Seen> {
  const { width, height, regions } = await regionsOf(request);
  return { width, height, regions: explainedRegions(regions) };
}

/** Those that were found before, unless they were let go meanwhile, or were another model's. */
async function regionsOf({ id, picture, name, stored }: ToSee): Promise<ImageRegions> {
  const known = seen.get(id);
  if (known !== undefined) return known;
  const model = requireLoaded();
  const image =
    stored === undefined
      ? picture
      : LxmertImage.fromRow({ row: rowOf(stored, name), provenance: stored.provenance ?? undefined });
  const found = await model.detectRegions(image);
  seen.set(id, found);
  for (const old of [...seen.keys()].slice(0, -NUM_KEPT)) seen.delete(old);
  return found;
}

/** At once with the model's attention, where its graph gives it; what is without each part takes as many runs as there are parts. */
async function explain({ of, question }: ExplainRequest): Promise<Results['explain']> {
  const model = requireLoaded();
  const found = await regionsOf(of);
  const image = LxmertImage.fromRegions(found);
  if (model.explanationMethods.includes('attention'))
    return await model.explain(image, question, { topK: NUM_ANSWERS, method: 'attention' });
  const { answers, isCut, width, height } = await model.answer(image, question, { topK: NUM_ANSWERS });
  const { tokenizer, maxLength } = model.model;
  return {
    question,
    isCut,
    ...unreadOf(model.model, question),
    method: 'removal',
    answers,
    words: tokenizer.vocabulary.tokens(tokenizer.encode(question, maxLength)),
    width,
    height,
    regions: explainedRegions(found.regions),
    layers: [],
    selfAttention: null,
    relevance: [],
    removal: null,
  };
}

async function remove({ of, question, without }: RemoveRequest): Promise<Results['remove']> {
  const image = LxmertImage.fromRegions(await regionsOf(of));
  return (await requireLoaded().explain(image, question, { topK: NUM_ANSWERS, without })).removal;
}

function requireLoaded(): Lxmert {
  if (lxmert === undefined) throw new Error('The model is not loaded. Load the page again.');
  return lxmert;
}
