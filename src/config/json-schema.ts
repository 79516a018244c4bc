import { z } from 'zod';
import { fileSchema, sourceSchema } from './schema.ts';
import type { Handlers } from './shape.ts';
import { sourceIdPattern } from './sources.ts';

/** What every source has is written once, under `definitions`. */
const sharedSettings = Object.fromEntries(
  Object.entries(sourceSchema.in.shape).map(([id, setting]) => [id, setting.meta({ ...setting.meta(), id })]),
);

/**
 * The JSON Schema (draft 7, which editors know best) of the configuration file, with the settings of every handler.
 * Cross-checks between keys are not in it.
 */
export function configJsonSchema(handlers: Handlers): Readonly<Record<string, unknown>> {
  const kinds = Object.entries(handlers).map(([kind, handler]) =>
    z.strictObject({
      handler: z.literal(kind).describe('the kind of source'),
      ...sharedSettings,
      tenant: z.null().optional().describe('this handler names no tenant'),
      ...nullableTenant(handler.settings.shape),
    }),
  );
  const sources = z.record(z.string().regex(sourceIdPattern), z.union(kinds));
  const file = z.strictObject({
    ...fileSchema.shape,
    sources: sources.prefault({}).describe(fileSchema.shape.sources.description ?? ''),
  });
  return {
    title: 'Offboard Bridge configuration',
    ...z.toJSONSchema(file, {
      target: 'draft-07',
      io: 'input',
      unrepresentable: 'any',
      override: ({ jsonSchema, path }) => {
        if (path.at(-1) !== 'propertyNames') allowReferences(jsonSchema);
      },
    }),
  };
}

/** `tenant: null` is the same as none, whatever the handler says of it. */
function nullableTenant(shape: z.core.$ZodShape): z.core.$ZodShape {
  const { tenant, ...rest } = shape;
  return tenant ? { ...rest, tenant: z.nullish(tenant).meta({ ...z.globalRegistry.get(tenant) }) } : rest;
}

const annotations = ['description', 'default', 'title'];
const scalars = ['string', 'number', 'integer', 'boolean', 'null'];

/** Whatever is not plain text already may also be a reference to a variable or a file. */
function allowReferences(schema: z.core.JSONSchema.BaseSchema): void {
  const constraints = Object.entries(schema).filter(([key]) => !annotations.includes(key));
  const types = [schema.type].flat().map(String);
  const isPlainText = types.includes('string') && constraints.length === 1;
  const isScalar = types.every((type) => scalars.includes(type)) && schema.type !== 'null';
  if (isPlainText || !isScalar || 'const' in schema) return;
  for (const [key] of constraints) delete schema[key];
  schema.anyOf = [Object.fromEntries(constraints), { type: 'string', pattern: '\\$\\{' }];
}
