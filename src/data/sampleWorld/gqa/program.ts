/** @file The program of a GQA-style question: the steps that lead to its answer, and how they are put together. */

import type { Scene } from '../scene.js';

/** One step of a question's program; `dependencies` are the numbers of earlier steps. */
export interface SemanticStep {
  readonly operation: string;
  readonly dependencies: readonly number[];
  readonly argument: string;
}

/** Appends steps to a program, counting their dependencies from its end: -1 is the step just before. */
export function followedBy(
  steps: readonly SemanticStep[],
  ...more: readonly (readonly [operation: string, argument: string])[]
): SemanticStep[] {
  const result = [...steps];
  for (const [operation, argument] of more) {
    result.push({ operation, dependencies: [result.length - 1], argument });
  }
  return result;
}

/** Two programs one after the other, and a step that depends on both. */
export function joined(
  first: readonly SemanticStep[],
  second: readonly SemanticStep[],
  operation: string,
  argument: string,
): SemanticStep[] {
  const shifted = second.map((step) => ({
    ...step,
    dependencies: step.dependencies.map((number) => number + first.length),
  }));
  const dependencies = [first.length - 1, first.length + second.length - 1];
  return [...first, ...shifted, { operation, dependencies, argument }];
}

/** The steps that look for a color and a shape. */
export function existenceSteps(scene: Scene, color: string, shape: string): SemanticStep[] {
  const index = scene.objects.findIndex((each) => each.color === color && each.shape === shape);
  const select = { operation: 'select', dependencies: [], argument: `${shape} (${index < 0 ? '-' : index})` };
  return followedBy([select], ['filter color', color], ['exist', '?']);
}
