import { type Logger, LogLevel } from '@slack/bolt';
import { type Log, traceOf } from '../../core/log.ts';

/**
 * Bolt's log in ours: warnings and errors only, and of those no more than what happened where. Its finer levels hold
 * whole payloads, and its messages may hold URLs with tickets in them.
 */
export function boltLogger(log: Log): Logger {
  const say =
    (level: 'warn' | 'error') =>
    (...facts: unknown[]) => {
      const error = facts.find((one) => one instanceof Error);
      const text = facts.find((one) => typeof one === 'string') ?? '';
      const detail = error ? traceOf(error) : { detail: withoutUrls(text) };
      log[level](detail, 'Bolt has something to say');
    };
  return {
    debug() {},
    info() {},
    warn: say('warn'),
    error: say('error'),
    setLevel() {},
    getLevel: () => LogLevel.WARN,
    setName() {},
  };
}

function withoutUrls(text: string): string {
  return text.replace(/\b\w+:\/\/\S+/g, '<url>').slice(0, 200);
}
