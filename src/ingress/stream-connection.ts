/** One connection to a vendor, open. */
export interface StreamConnection {
  /** Resolves when it is over, for whatever reason. */
  readonly ended: Promise<void>;
  /** Whether messages come in now. */
  isOpen(): boolean;
  close(): void;
}

export interface ConnectOptions {
  /** Keeps one message durably. `false` = it was not kept, and must come again. Never throws. */
  readonly keep: (message: unknown) => Promise<boolean>;
  /** Gives up an attempt to connect. */
  readonly signal: AbortSignal;
}
