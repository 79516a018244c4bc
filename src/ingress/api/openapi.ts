import { STATUS_CODES } from 'node:http';
import { z } from 'zod';
import { nothing, type Route } from './route.ts';

type JsonSchema = z.core.JSONSchema.BaseSchema;

/** An error of RFC 9457, as `HttpProblem` words it. */
const problem = z
  .object({
    type: z.literal('about:blank'),
    title: z.string(),
    status: z.int(),
    detail: z.string().optional(),
    faults: z.array(z.string()).optional().describe('everything that is wrong with the request'),
    deadLetter: z.string().optional().describe('where a request that could not be read is kept'),
  })
  .meta({ id: 'Problem' });

/** What every route may answer: a bad request, no token, too low a role, too large, too often, failed, busy. */
const commonProblems = [400, 401, 403, 413, 429, 500, 503];

const description = `Errors are \`application/problem+json\`. Lists are pages: \`next\` is the cursor of the next one, or null.
The roles are viewer < operator < approver; \`x-role\` is the least that may use an operation.`;

/** The OpenAPI document of these routes, made from the schemas by which they are served. */
export function openApiDocument(routes: readonly Route[]): object {
  const schemas = createSchemas();
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    const path = `/v1${route.path.replace(/:(\w+)/g, '{$1}')}`;
    paths[path] = { ...paths[path], [route.method]: operationOf(route, schemas) };
  }
  const token = { type: 'http', scheme: 'bearer', description: 'a token of `server.tokens`' };
  return {
    openapi: '3.1.1',
    info: { title: 'Offboard Bridge: operator API', version: '1', description },
    security: [{ token: [] }],
    paths,
    components: { securitySchemes: { token }, schemas: schemas.components },
  };
}

interface Schemas {
  /** The parts that have a name. */
  readonly components: Readonly<Record<string, object>>;
  /** The JSON Schema of what is sent (`input`) or answered (`output`); what has a name is referred to by it. */
  of(schema: z.ZodType, io: 'input' | 'output'): JsonSchema;
}

function createSchemas(): Schemas {
  const components: Record<string, object> = {};
  return {
    components,
    of(schema, io) {
      const text = JSON.stringify(z.toJSONSchema(schema, { target: 'draft-2020-12', io }));
      const {
        $schema: _,
        $defs,
        ...own
      } = JSON.parse(text.replaceAll('"#/$defs/', '"#/components/schemas/')) as JsonSchema;
      for (const [name, part] of Object.entries($defs ?? {})) components[name] = withoutId(part);
      const { id } = own;
      if (typeof id !== 'string') return own;
      components[id] = withoutId(own);
      return { $ref: `#/components/schemas/${id}` };
    },
  };
}

function withoutId(schema: object): object {
  return Object.fromEntries(Object.entries(schema).filter(([key]) => key !== 'id'));
}

function operationOf(route: Route, schemas: Schemas): object {
  const { method, path, role, summary } = route;
  const body = route.body ?? route.ownBody;
  const content = body && { 'application/json': { schema: schemas.of(body, 'input') } };
  return {
    operationId: `${method}${path.replace(/[^a-z]+(\w)/g, (_all, letter) => letter.toUpperCase())}`,
    summary,
    'x-role': role,
    parameters: [
      ...[...path.matchAll(/:(\w+)/g)].map(([, name]) => ({
        name,
        in: 'path',
        required: true,
        schema: { type: 'string' },
      })),
      ...parametersOf('query', schemas.of(route.query ?? nothing, 'input')),
      ...parametersOf('header', schemas.of(route.headers ?? nothing, 'input')),
    ],
    ...(content ? { requestBody: { required: route.ownBody !== undefined, content } } : {}),
    responses: responsesOf(route, schemas),
  };
}

function parametersOf(place: 'query' | 'header', { properties = {}, required = [] }: JsonSchema): object[] {
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: place,
    required: required.includes(name),
    schema,
  }));
}

function responsesOf({ status, reply, events, problems = [] }: Route, schemas: Schemas): object {
  const stream = events && {
    'text/event-stream': { schema: { type: 'string' }, 'x-event-data': schemas.of(events, 'output') },
  };
  const failure = { 'application/problem+json': { schema: schemas.of(problem, 'output') } };
  const failures = [...commonProblems, ...problems].map((one) => [
    one,
    { description: STATUS_CODES[one], content: failure },
  ]);
  return {
    [status]: {
      description: STATUS_CODES[status],
      content: { 'application/json': { schema: schemas.of(reply, 'output') }, ...stream },
    },
    ...Object.fromEntries(failures),
  };
}
