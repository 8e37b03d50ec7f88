/** @file Declares an operator: its schema name in libtorch and its type in TypeScript. */

import { native } from '../native.js';
import type { ResolvedOperator } from '../nativeBinding.js';
import '../tensor.js';

/** An operator that this project uses, for the test that holds declarations against libtorch's schemas. */
export interface DeclaredOperator {
  readonly name: string;
  readonly overload: string;
}

const declared: DeclaredOperator[] = [];

/** Every operator declared so far. */
export function declaredOperators(): readonly DeclaredOperator[] {
  return declared;
}

/** libtorch's own view of a declared operator. */
export function schemaOf({ name, overload }: DeclaredOperator): ResolvedOperator {
  return native().resolveOperator(name, overload);
}

/** True when this libtorch has the operator: for those that came with a later version. */
export function hasOperator(schemaName: string): boolean {
  const [name = '', overload = ''] = schemaName.split('.');
  try {
    native().resolveOperator(name, overload);
    return true;
  } catch {
    return false;
  }
}

/**
 * A function that calls the operator through libtorch's dispatcher. `F` states the arguments in the schema's
 * order; `undefined` takes the schema's default and `null` is None. The operator is looked up at its first call.
 *
 * @param schemaName such as `aten::add.Tensor`; the part after the point names the overload
 */
export function operator<F extends (...args: never[]) => unknown>(schemaName: string): F {
  const [name = '', overload = ''] = schemaName.split('.');
  declared.push({ name, overload });
  let id = -1;
  const call = (...args: unknown[]): unknown => {
    const binding = native();
    if (id < 0) id = binding.resolveOperator(name, overload).id;
    return binding.callOperator(id, ...args);
  };
  // The one place where the untyped bridge meets a declared type. Tests hold every name against libtorch's schemas;
  // the bridge checks each argument's kind and number by the schema when it is called.
  return call as unknown as F;
}
