import type { Request, Response } from 'express';
import { z } from 'zod';
import { listFaults } from '../../core/neutral-event.ts';
import { HttpProblem } from '../problem.ts';
import type { Principal, Role } from './access.ts';

/** One request of somebody who may make it; its body was read. */
export interface Call {
  readonly request: Request;
  readonly response: Response;
  readonly principal: Principal;
}

export interface Answer {
  readonly status: number;
  /** Answered as JSON. */
  readonly body: object;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One route of the operator API; the path is the part after `/v1`. */
export interface Route {
  readonly method: 'get' | 'post';
  readonly path: string;
  /** The least role that may use it. */
  readonly role: Role;
  /**
   * @returns `null` when it has answered by itself
   * @throws HttpProblem for everything that is the caller's to put right
   */
  answer(call: Call): Promise<Answer | null>;
}

const pageSize = { usual: 100, most: 1_000 };
const digits = (most: number) => z.string().regex(new RegExp(`^\\d{1,${most}}$`), 'is not a whole number');

/** How many items of a list are wanted. */
export const limitSchema = digits(4)
  .transform(Number)
  .pipe(z.number().min(1).max(pageSize.most))
  .default(pageSize.usual);

/** Where a list goes on; the cursors that the store gives are whole numbers. */
export const cursorSchema = digits(15).nullable().default(null);

/** A place in the trail of outcomes; 0 is before the first. */
export const positionSchema = digits(15).transform(Number);

export const reasonSchema = z.string().trim().min(1).max(1_000);

/** @throws HttpProblem 400 with every fault */
export function readQuery<T>(call: Call, schema: z.ZodType<T>): T {
  return check(call.request.query, schema);
}

/** Reads a JSON body; an empty one counts as `{}`. @throws HttpProblem 400 with every fault */
export function readJson<T>(call: Call, schema: z.ZodType<T>): T {
  const body: unknown = call.request.body;
  if (!Buffer.isBuffer(body) || body.length === 0) return check({}, schema);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    throw refuse(['body: is not JSON in UTF-8']);
  }
  return check(value, schema);
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
export function idOf({ request }: Call): string {
  return String(request.params.id);
}
