import { Ajv2020, type AnySchema } from 'ajv/dist/2020.js';
import request from 'supertest';
import type { House } from '../house.ts';

interface Content {
  readonly schema: object;
  readonly 'x-event-data'?: object;
}

/** One operation of `/openapi.json`, as a client would see it. */
export interface Operation {
  readonly method: 'get' | 'post';
  /** `/v1/intents/{id}` */
  readonly path: string;
  readonly role: string;
  readonly parameters: readonly { name: string; in: string; schema: object }[];
  readonly requestBody?: { content: Record<string, Content> };
  readonly responses: Readonly<Record<string, { content: Record<string, Content> }>>;
}

export interface Document {
  readonly operations: readonly Operation[];
  /** What is wrong with a value by a schema of the document; empty = nothing. */
  faults(schema: object, value: unknown): string[];
}

/** Fetches the document, and reads it. */
export async function fetchDocument({ url }: House): Promise<Document> {
  const { body } = await request(url).get('/openapi.json');
  const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });
  ajv.addSchema(body as AnySchema, 'document');
  const located = (schema: object): object =>
    JSON.parse(JSON.stringify(schema).replaceAll('"#/components/', '"document#/components/'));
  const operations = Object.entries<Record<string, object>>(body.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => {
      const { 'x-role': role, ...rest } = operation as Operation & { 'x-role': string };
      return { ...rest, role, path, method: method as Operation['method'] };
    }),
  );
  return {
    operations,
    faults(schema, value) {
      const validate = ajv.compile(located(schema));
      return validate(value)
        ? []
        : (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
    },
  };
}
