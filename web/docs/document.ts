/** @file The parts of an OpenAPI document that this server's has, and what is read off them. */

export interface Schema {
  readonly type?: string;
  readonly format?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly nullable?: boolean;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly anyOf?: readonly Schema[];
}

type Content = Readonly<Record<string, { readonly schema: Schema }>>;

export interface OperationFacts {
  readonly tags: readonly string[];
  readonly summary: string;
  readonly parameters?: readonly { readonly name: string; readonly description?: string }[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content?: Content }>>;
}

export interface ApiDocument {
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, OperationFacts>>>>;
}

/** An operation and where it is. */
export interface Operation extends OperationFacts {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** For addresses within the page. */
  readonly id: string;
}

export const FORM = 'multipart/form-data';
export const JSON_BODY = 'application/json';

export function operationsOf({ paths }: ApiDocument): Operation[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, facts]) => ({
      ...facts,
      path,
      method: method.toUpperCase() as Operation['method'],
      id: `${method}${path.replace(/[^a-z0-9]+/gi, '-').replace(/-$/, '')}`,
    })),
  );
}

/** `text`, `whole number, 1 to 10`, `list of text`, `one of relevance, removal`. */
export function typeText(schema: Schema): string {
  const { type, format, enum: choices, items, anyOf, nullable, minimum, maximum } = schema;
  const orNull = nullable ? ' or null' : '';
  if (anyOf !== undefined) return [...new Set(anyOf.map(typeText))].join(' or ');
  if (choices !== undefined) return `one of ${choices.join(', ')}${orNull}`;
  if (type === 'array') return `list of ${items === undefined ? 'anything' : typeText(items)}${orNull}`;
  if (type === 'string') {
    const named = { binary: 'file', byte: 'base64' } as Record<string, string>;
    return `${named[format ?? ''] ?? 'text'}${orNull}`;
  }
  if (type === 'integer' || type === 'number') {
    const name = type === 'integer' ? 'whole number' : 'number';
    const isBounded = maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER;
    if (minimum !== undefined && isBounded) return `${name}, ${minimum} to ${maximum}${orNull}`;
    return `${name}${minimum === undefined ? '' : `, at least ${minimum}`}${orNull}`;
  }
  return `${{ boolean: 'true or false', object: 'object' }[type ?? ''] ?? 'anything'}${orNull}`;
}

/** Every field below a schema, nested ones with dots between the names. */
export interface Field {
  readonly name: string;
  readonly schema: Schema;
  readonly isRequired: boolean;
}

export function fieldsOf(schema: Schema, prefix = ''): Field[] {
  const { properties = {}, required = [] } = schema;
  return Object.entries(properties).flatMap(([name, inner]) => {
    const whole = `${prefix}${name}`;
    const nested = inner.type === 'array' ? (inner.items ?? {}) : inner;
    const below = fieldsOf(nested, `${whole}${inner.type === 'array' ? '[]' : ''}.`);
    return [{ name: whole, schema: inner, isRequired: required.includes(name) }, ...below];
  });
}
