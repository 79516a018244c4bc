/**
 * Traces of what becomes of a delivery. A context is the text of W3C Trace Context (`traceparent`): that is what comes
 * in, what the store keeps with an intent, and what goes out. Names and attributes hold no secret and no personal data.
 */
export interface Tracer {
  begin(name: string, options?: SpanOptions): Span;
  /** Does work within a span: what begins meanwhile, and names no parent, goes below it. */
  run<T>(span: Span, work: () => Promise<T>): Promise<T>;
  /** Hands over what is still in hand, for a few seconds at most. Never rejects. */
  close(): Promise<void>;
}

export interface Span {
  readonly traceparent: string;
  end(end?: SpanEnd): void;
}

export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

export interface SpanOptions {
  readonly kind?: 'internal' | 'server' | 'client' | 'consumer' | 'producer';
  /** The context to go on from; `null` begins a trace. Unless given, it is the span that is being run. */
  readonly parent?: string | null;
  /** Other contexts that it has to do with. */
  readonly links?: readonly string[];
  readonly attributes?: SpanAttributes;
  /** Epoch milliseconds; now, unless given. */
  readonly beganAt?: number;
}

export interface SpanEnd {
  readonly attributes?: SpanAttributes;
  readonly failed?: boolean;
}

/** W3C Trace Context, version 00. */
export const traceparentPattern = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$/;
