/** @file Phrases that fit exactly one object of a scene: "the small circle", "the star to the left of the red object". */

import { DIRECTIONS, type Direction, objectsTowards } from '../directions.js';
import type { Attribute, Scene, SceneObject } from '../scene.js';
import type { SemanticStep } from './program.js';

export interface Reference {
  /** Without "the": `small circle`. */
  readonly name: string;
  readonly object: SceneObject;
  /** `circle`, or `object` where the shape is not said. */
  readonly noun: string;
  /** What the phrase itself says of the object, so that it need not be asked. */
  readonly says: ReadonlySet<Attribute>;
  readonly steps: readonly SemanticStep[];
}

/** Every phrase of an attribute or two that fits one object only and says no more than it has to. */
export function simpleReferences(scene: Scene): Reference[] {
  const references: Reference[] = [];
  const isUnique = (object: SceneObject, attributes: readonly Attribute[]): boolean =>
    scene.objects.every(
      (other) => other === object || attributes.some((each) => other[each] !== object[each]),
    );
  for (const [index, object] of scene.objects.entries()) {
    const singles: readonly Attribute[] = ['shape', 'color', 'size'];
    const pairs: readonly (readonly Attribute[])[] = [
      ['color', 'shape'],
      ['size', 'shape'],
      ['size', 'color'],
    ];
    for (const each of singles) {
      if (isUnique(object, [each])) references.push(simpleReference(object, index, [each]));
    }
    for (const [first, second] of pairs as readonly (readonly [Attribute, Attribute])[]) {
      const isShorterPossible = isUnique(object, [first]) || isUnique(object, [second]);
      if (!isShorterPossible && isUnique(object, [first, second])) {
        references.push(simpleReference(object, index, [first, second]));
      }
    }
  }
  return references;
}

function simpleReference(object: SceneObject, index: number, attributes: readonly Attribute[]): Reference {
  const says = new Set(attributes);
  const noun = says.has('shape') ? object.shape : 'object';
  const adjectives = attributes
    .filter((each) => each !== 'shape')
    .sort((a, b) => (a === b ? 0 : a === 'size' ? -1 : 1));
  const steps: SemanticStep[] = [{ operation: 'select', dependencies: [], argument: `${noun} (${index})` }];
  for (const each of adjectives) {
    steps.push({ operation: `filter ${each}`, dependencies: [steps.length - 1], argument: object[each] });
  }
  return { name: [...adjectives.map((each) => object[each]), noun].join(' '), object, noun, says, steps };
}

/** Every phrase of the form "NOUN RELATION ANCHOR" that fits one object, with nothing too close to tell. */
export function relatedReferences(scene: Scene, anchors: readonly Reference[]): Reference[] {
  const references: Reference[] = [];
  for (const anchor of anchors) {
    for (const direction of DIRECTIONS) {
      const nouns = new Set(['object', ...scene.objects.map((each) => each.shape)]);
      for (const noun of nouns) {
        const candidates = scene.objects.filter((each) => noun === 'object' || each.shape === noun);
        const [object, ...others] = objectsTowards(scene, direction, anchor.object, candidates) ?? [];
        if (object === undefined || others.length > 0) continue;
        references.push(relatedReference(scene, object, noun, direction, anchor));
      }
    }
  }
  return references;
}

function relatedReference(
  scene: Scene,
  object: SceneObject,
  noun: string,
  direction: Direction,
  anchor: Reference,
): Reference {
  const argument = `${noun},${direction.phrase},s (${scene.objects.indexOf(object)})`;
  return {
    name: `${noun} ${direction.phrase} the ${anchor.name}`,
    object,
    noun,
    says: new Set<Attribute>(noun === 'object' ? [] : ['shape']),
    steps: [...anchor.steps, { operation: 'relate', dependencies: [anchor.steps.length - 1], argument }],
  };
}

/**
 * The facts that come with knowing attributes of an object beside what its name says: the attributes themselves and,
 * once color and shape are known, that such an object is there.
 */
export function knownWith(reference: Reference, attributes: readonly Attribute[]): string[] {
  const { name, object, says } = reference;
  const known = new Set([...says, ...attributes]);
  const facts = attributes.map((each) => `${each}|${name}`);
  if (known.has('color') && known.has('shape')) facts.push(`exists|${object.color} ${object.shape}`);
  return facts;
}
