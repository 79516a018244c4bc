/** One message as it came. */
export interface StreamMessage {
  readonly body: Buffer;
  /** Where the vendor keeps it; its identity when it has none of its own. */
  readonly position?: string;
}

/** One connection to a vendor, open. */
export interface StreamConnection {
  /** Resolves when it is over; rejects when it broke off and the next must not follow too soon. */
  readonly ended: Promise<void>;
  /** Whether messages come in now. */
  isOpen(): boolean;
  close(): void;
}

export interface ConnectOptions {
  /** Keeps one message durably. `false` = it was not kept, and must come again. Never throws. */
  readonly keep: (message: StreamMessage) => Promise<boolean>;
  /** Gives up an attempt to connect. */
  readonly signal: AbortSignal;
}
