/** Structured log lines; pino has this shape. No secret and no personal data goes into one. */
export interface Log {
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

/**
 * What may be logged of an error that came up while a delivery was being read: its name and where it was thrown. Its
 * message stays out, because parsers quote their input in it.
 */
export function traceOf(error: unknown): { readonly error: string; readonly at: readonly string[] } {
  if (!(error instanceof Error)) return { error: typeof error, at: [] };
  const { message, stack = '' } = error;
  // The stack begins with the message, whose own lines may look like frames.
  const begin = stack.indexOf(message);
  const lines = begin === -1 ? [] : stack.slice(begin + message.length).split('\n');
  const frames = lines.filter((line) => /^\s+at /.test(line));
  return { error: error.name, at: frames.slice(0, 5).map((line) => line.trim()) };
}
