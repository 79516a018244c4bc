import pino from 'pino';
import type { Log } from '../core/log.ts';

/** The log of this process: a JSON object on each line of standard output. */
export function createLog(): Log {
  return pino({ base: null, timestamp: pino.stdTimeFunctions.isoTime });
}

const longestWords = 200;

/**
 * Gives the log what libraries write to the console, as that of DingTalk does: it would stand between the lines as
 * something else than JSON. Only their own words are taken, which stand first; behind them come values, and nobody
 * knows of whom.
 */
export function takeConsole(log: Log): void {
  const take =
    (level: keyof Log) =>
    (words: unknown): void => {
      const says = typeof words === 'string' ? words.slice(0, longestWords) : typeof words;
      log[level]({ says }, 'a library wrote to the console');
    };
  const [info, warn, error] = [take('info'), take('warn'), take('error')];
  Object.assign(globalThis.console, { log: info, info, debug: info, trace: info, warn, error });
}
