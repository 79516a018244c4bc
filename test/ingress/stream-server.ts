/** What a stand-in for a vendor's stream does, whatever its protocol is. */
export interface StreamServer<Ack extends { readonly messageId: string }> {
  readonly url: string;
  /** What clients answered to events. */
  readonly acks: readonly Ack[];
  /** How many connections there were. */
  connections(): number;
  /** Breaks the connections that are open. */
  drop(): void;
  /** While it is deaf it takes no acknowledgement in, as when a connection breaks under it. */
  setDeaf(deaf: boolean): void;
  close(): Promise<void>;
}
