import { createContext, Script } from 'node:vm';
import jsonata from 'jsonata';
import { z } from 'zod';
import { MalformedDelivery } from '../../src/core/handler.ts';

/** A compiled JSONata expression. @throws whatever JSONata or a limit makes it throw */
export type Expression = (body: unknown) => unknown;

const maxLength = 4_096;
/** Enough for any mapping of one event, and done in a fraction of a second. */
const maxSteps = 100_000;
/** Of expressions inside expressions and calls inside calls; each takes several frames of the stack. */
const maxDepth = 200;
/**
 * For what one step can take, such as a regular expression that tries every way to fit. Far above what the steps need:
 * time is not the same twice, so that steps and depth are to end whatever they can.
 */
const maxMs = 1_000;

const place = { run: (): unknown => undefined };
createContext(place);
const runIt = new Script('run()');

/** Runs what is ours and whatever it calls, and stops it when the time is over. @throws what it throws, or RangeError */
function runInTime(run: () => unknown): unknown {
  place.run = run;
  try {
    return runIt.runInContext(place, { timeout: maxMs });
  } catch (error) {
    if (Object(error).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw new RangeError('takes too long');
    throw error;
  } finally {
    place.run = () => undefined;
  }
}

/** A JSONata expression as text, checked when the configuration is read. */
export const expressionSetting = z
  .string()
  .min(1)
  .max(maxLength)
  .transform((text, context): Expression => {
    try {
      return limit(jsonata(text));
    } catch (error) {
      context.addIssue({ code: 'custom', message: `is not JSONata: ${messageOf(error)}` });
      return z.NEVER;
    }
  });

/** The limits of steps and depth are looked at before every step. */
function limit(expression: jsonata.Expression): Expression {
  let depth = 0;
  let steps = 0;
  expression.assign('__evaluate_entry', () => {
    depth += 1;
    steps += 1;
    if (depth > maxDepth) throw new RangeError('goes too deep');
    if (steps > maxSteps) throw new RangeError('takes too long');
  });
  expression.assign('__evaluate_exit', () => {
    depth -= 1;
  });
  return (body) => {
    depth = 0;
    steps = 0;
    return runInTime(() => expression.evaluate(body));
  };
}

/** The value of an expression of the map. @throws MalformedDelivery when it fails, or goes past a limit */
export function evaluate(name: string, expression: Expression, body: unknown): unknown {
  try {
    return expression(body);
  } catch (error) {
    throw new MalformedDelivery(`map.${name}: ${messageOf(error)}`);
  }
}

/** Only what we or the language say; messages of JSONata may quote values, and so show what a delivery holds. */
function messageOf(error: unknown): string {
  if (error instanceof RangeError) return error.message;
  const { code, position } = Object(error) as { code?: unknown; position?: unknown };
  return `failed with ${String(code ?? 'an error')} at ${String(position ?? 'an unknown place')}`;
}
