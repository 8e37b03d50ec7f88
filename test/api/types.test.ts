import { describe, expectTypeOf, it } from 'vitest';
import type { CheckpointFile, LoadReport, loadWeights, saveTensors } from '../../src/api/checkpoint.js';
import type { ExtractionResult, extractFeatures, FeatureRow, FeatureStore } from '../../src/api/features.js';
import type { explain, Lxmert, LxmertAnswer, LxmertImage, LxmertMatch } from '../../src/api/index.js';
import type { LxmertInputs, LxmertModel, LxmertOutputs, TaskModel } from '../../src/api/model.js';
import type { ops, scope, Tensor, tensor } from '../../src/api/torch.js';
import type {
  AdamW,
  batchInputs,
  ClippedGradients,
  clipGradients,
  FinetuneResult,
  finetune,
  LoadedModel,
  loadModel,
  Optimizer,
  OptimizerFactory,
  Prediction,
  Question,
  RegionSource,
  StepLoss,
  Task,
  TaskTraining,
  Trainer,
  TrainerResult,
} from '../../src/api/train.js';

// tsc checks what stands here (npm run typecheck); running it checks nothing.

interface OwnQuestion extends Question {
  readonly kind: number;
}
interface OwnPrediction extends Prediction {
  readonly kind: string;
}
type OwnTask = Task<OwnQuestion, OwnPrediction, 'answer' | 'kind'>;

describe('lxmert', () => {
  it('answers, explains and matches for a path or an image', () => {
    type Picture = string | LxmertImage;
    expectTypeOf<Lxmert['answer']>().parameter(0).toEqualTypeOf<Picture>();
    expectTypeOf<Lxmert['answer']>().returns.resolves.toEqualTypeOf<LxmertAnswer>();
    expectTypeOf<Lxmert['answerAll']>().returns.resolves.toEqualTypeOf<LxmertAnswer[]>();
    expectTypeOf<Lxmert['match']>().parameters.toEqualTypeOf<[Picture, readonly string[]]>();
    expectTypeOf<Lxmert['match']>().returns.resolves.toEqualTypeOf<LxmertMatch[]>();
    expectTypeOf<typeof explain>().parameter(0).toEqualTypeOf<Lxmert>();
    expectTypeOf<Lxmert>().toExtend<Disposable>();
  });

  it('tells images apart by their kind', () => {
    expectTypeOf<LxmertImage['kind']>().toEqualTypeOf<'file' | 'bytes' | 'pixels' | 'regions' | 'row'>();
    expectTypeOf<Extract<LxmertImage, { kind: 'row' }>['row']>().toEqualTypeOf<FeatureRow>();
    expectTypeOf<(typeof LxmertImage)['fromBytes']>().toEqualTypeOf<(bytes: Uint8Array) => LxmertImage>();
  });
});

describe('lxmert/train', () => {
  it('takes a task of a user as it takes its own', () => {
    expectTypeOf<OwnTask>().toExtend<Task>();
    expectTypeOf<
      typeof finetune<OwnQuestion, OwnPrediction, 'answer' | 'kind'>
    >().returns.resolves.toEqualTypeOf<FinetuneResult>();
    expectTypeOf<OwnTask['trainingLoss']>().returns.toEqualTypeOf<Tensor | StepLoss>();
    expectTypeOf<OwnTask['targets']>().returns.toEqualTypeOf<
      Readonly<Record<'answer' | 'kind', Float32Array>>
    >();
    // A head without targets is an error.
    expectTypeOf<{ answer: Float32Array }>().not.toExtend<ReturnType<OwnTask['targets']>>();
  });

  it('gives a loaded model the heads of the task that is named', () => {
    const load = (task: OwnTask, load: typeof loadModel) => load({ model: 'run', task });
    expectTypeOf(load).returns.resolves.toEqualTypeOf<LoadedModel<'answer' | 'kind'>>();
    const loadAny = (load: typeof loadModel) => load({ model: 'run' });
    expectTypeOf(loadAny).returns.resolves.toEqualTypeOf<LoadedModel<string>>();
  });

  it('trains what implements TaskTraining, with any optimizer', () => {
    expectTypeOf<Trainer<string, number>['train']>().returns.resolves.toEqualTypeOf<TrainerResult>();
    expectTypeOf<TaskTraining<string, number>['place']>().parameter(0).toEqualTypeOf<string>();
    expectTypeOf<TaskTraining<string, number>['loss']>().parameter(0).toEqualTypeOf<number>();
    expectTypeOf<AdamW>().toExtend<Optimizer>();
    expectTypeOf<OptimizerFactory>().returns.toEqualTypeOf<Optimizer>();
    expectTypeOf<typeof clipGradients>().returns.toEqualTypeOf<ClippedGradients>();
  });

  it('makes what the model reads of sentences and a store', () => {
    expectTypeOf<FeatureStore>().toExtend<RegionSource>();
    expectTypeOf<typeof batchInputs>().returns.toEqualTypeOf<LxmertInputs>();
    expectTypeOf<LxmertModel['forward']>().parameter(0).toEqualTypeOf<LxmertInputs>();
    expectTypeOf<LxmertModel['forward']>().returns.toEqualTypeOf<LxmertOutputs>();
    type Logits = ReturnType<TaskModel<'answer' | 'kind'>['forward']>['logits'];
    expectTypeOf<Logits>().toEqualTypeOf<Readonly<Record<'answer' | 'kind', Tensor>>>();
  });
});

describe('lxmert/torch, features and checkpoint', () => {
  it('compute with tensors, which scopes free', () => {
    expectTypeOf<typeof scope<Tensor>>().toEqualTypeOf<(body: () => Tensor) => Tensor>();
    expectTypeOf<typeof tensor>().returns.toEqualTypeOf<Tensor>();
    expectTypeOf<(typeof ops)['matmul']>().returns.toEqualTypeOf<Tensor>();
    expectTypeOf<Tensor['item']>().returns.toEqualTypeOf<number>();
    expectTypeOf<Tensor>().toExtend<Disposable>();
  });

  it('extract, read and write', () => {
    expectTypeOf<typeof extractFeatures>().returns.resolves.toEqualTypeOf<ExtractionResult>();
    expectTypeOf<typeof CheckpointFile.open>().returns.resolves.toEqualTypeOf<CheckpointFile>();
    expectTypeOf<typeof loadWeights>().returns.toEqualTypeOf<LoadReport>();
    expectTypeOf<typeof saveTensors>().parameter(1).toEqualTypeOf<ReadonlyMap<string, Tensor>>();
  });
});
