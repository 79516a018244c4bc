import type { Request, Response } from 'express';
import { z } from 'zod';
import { listFaults } from '../../core/faults.ts';
import { HttpProblem } from '../problem.ts';
import type { Principal, Role } from './access.ts';

/** One request of somebody who may make it; its query, headers and body were read by the schemas of the route. */
export interface Call<Query = unknown, Headers = unknown, Body = unknown> {
  readonly request: Request;
  readonly response: Response;
  readonly principal: Principal;
  readonly query: Query;
  readonly headers: Headers;
  readonly body: Body;
}

export interface Answer<Reply = object> {
  readonly status: number;
  /** Answered as JSON. */
  readonly body: Reply;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * One route of the operator API. What it takes and gives is said by schemas, by which it is also served and
 * documented: `/openapi.json` is made from this table.
 */
interface RouteSpec<Query, Headers, Body, Reply> {
  readonly method: 'get' | 'post';
  /** The part after `/v1`. */
  readonly path: string;
  /** The least role that may use it. */
  readonly role: Role;
  /** One line for the document. */
  readonly summary: string;
  /** Without one, no parameter is taken. */
  readonly query?: z.ZodType<Query>;
  /** The headers that it reads, in lower case. */
  readonly headers?: z.ZodType<Headers>;
  /** A JSON body; an empty one counts as `{}`. Without one, the body is not looked at. */
  readonly body?: z.ZodType<Body>;
  /** In the place of `body`, for a route that reads the bytes itself. */
  readonly ownBody?: z.ZodType;
  readonly status: number;
  readonly reply: z.ZodType<Reply>;
  /** The items of its stream of server-sent events, where it has one. */
  readonly events?: z.ZodType;
  /** The errors that are its own, beside those that every route may answer. */
  readonly problems?: readonly number[];
  /**
   * @returns `null` when it has answered by itself
   * @throws HttpProblem for everything that is the caller's to put right
   */
  answer(call: Call<Query, Headers, Body>): Promise<Answer<Reply> | null>;
}

export type Route = RouteSpec<unknown, unknown, unknown, object>;

/** Gives a route the types of its schemas. */
export function defineRoute<Query, Headers, Body, Reply extends object>(
  route: RouteSpec<Query, Headers, Body, Reply>,
): Route {
  return route as Route;
}

const pageSize = { usual: 100, most: 1_000 };
const digits = (most: number) => z.string().regex(new RegExp(`^\\d{1,${most}}$`), 'is not a whole number');

/** How many items of a list are wanted. */
export const limitSchema = digits(4)
  .transform(Number)
  .pipe(z.number().min(1).max(pageSize.most))
  .default(pageSize.usual)
  .describe(`how many, 1 to ${pageSize.most}; ${pageSize.usual} unless told`);

/** Where a list goes on; the cursors that the store gives are whole numbers. */
export const cursorSchema = digits(15)
  .optional()
  .transform((given) => given ?? null)
  .describe('`next` of the page before');

/** A place in the trail of outcomes; 0 is before the first. */
export const positionSchema = digits(15).transform(Number);

export const reasonSchema = z.string().trim().min(1).max(1_000);

/** A page's cursor: of the next one, or `null` when this is the last. */
export const nextSchema = z.string().nullable();

/** For routes that take nothing. */
export const nothing = z.strictObject({});

/** Reads what a request brings by the schemas of its route. @throws HttpProblem 400 with the faults */
export function readCall(
  route: Route,
  { request, response, principal }: Pick<Call, 'request' | 'response' | 'principal'>,
): Call {
  return {
    request,
    response,
    principal,
    query: check(request.query, route.query ?? nothing),
    headers: route.headers ? check(request.headers, route.headers) : {},
    body: route.body ? check(parseBody(request.body), route.body) : {},
  };
}

function parseBody(body: unknown): unknown {
  if (!Buffer.isBuffer(body) || body.length === 0) return {};
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    throw refuse(['body: is not JSON in UTF-8']);
  }
}

function check<T>(value: unknown, schema: z.ZodType<T>): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw refuse(listFaults(parsed.error));
}

function refuse(faults: readonly string[]): HttpProblem {
  return new HttpProblem(400, { detail: faults.join('; '), members: { faults } });
}

/** The id in the path. */
export function idOf({ request }: Pick<Call, 'request'>): string {
  return String(request.params.id);
}
