/**
 * What the bridge needs of Kafka. Only this room knows the client library behind it; the others name the part of the
 * port that they use.
 */
export interface KafkaClient {
  /**
   * Consumes in a group until the signal, and then finishes the batch in hand. It never gives up silently.
   * @returns why it ended, or `null` when it was told to
   */
  consume(options: ConsumeOptions, signal: AbortSignal): Promise<KafkaFault | null>;
  openProducer(): KafkaProducer;
  /** Connects and looks for these topics; nothing is read, written or created. Never rejects. */
  probe(topics: readonly string[]): Promise<KafkaProbe>;
}

/** What a probe found out. */
export interface KafkaProbe {
  /** Why nobody could be asked, or `null`; then there are no topics. */
  readonly fault: KafkaFault | null;
  readonly topics: readonly { readonly topic: string; readonly fault: KafkaFault | null }[];
}

/** Where to find the brokers, and how to prove who we are. */
export interface KafkaSettings {
  /** Each as `host:port`. */
  readonly brokers: readonly string[];
  /** `ca`: the certificates to trust, in PEM; those of the system unless given. */
  readonly ssl: boolean | { readonly ca: string };
  readonly sasl: SaslSettings | null;
}

export interface SaslSettings {
  readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
  readonly username: string;
  readonly password: string;
}

/** What is wrong with Kafka, as far as somebody who can mend it needs to know. */
export interface KafkaFault {
  readonly code: 'unreachable' | 'credentials_refused' | 'not_authorized' | 'no_such_topic' | 'failed';
  /** For people; holds no secret and no personal data, because it is logged. */
  readonly message: string;
}

export interface ConsumeOptions {
  readonly groupId: string;
  readonly topics: readonly TopicStart[];
  /** Takes in a batch; what it did not mark as done comes again. Batches come one at a time. */
  readonly onBatch: (batch: RecordBatch) => Promise<void>;
  /** Told whenever the brokers show that this consumer is alive. */
  readonly onContact: () => void;
  /** Told when the group was divided anew: this consumer may have other partitions now. */
  readonly onAssigned?: () => void;
}

export interface TopicStart {
  readonly topic: string;
  /** Where a group begins that has never been at this topic. From then on nothing is passed over. */
  readonly from: 'earliest' | 'latest';
}

/** Records of one partition, in order. */
export interface RecordBatch {
  readonly topic: string;
  readonly partition: number;
  readonly records: readonly KafkaRecord[];
  /** The offset after the last record that the brokers had when this was fetched. */
  readonly endOffset: string;
  /** The rest is no longer ours to take. */
  isStale(): boolean;
  /** Marks everything up to this offset as done. */
  markDone(offset: string): void;
  /** Commits what is marked. */
  commit(): Promise<void>;
  /** Keeps this consumer in its group; rejects when the group is being divided anew. */
  heartbeat(): Promise<void>;
  /** Fetches no more of this partition. @returns what resumes it, from the first record that is not done */
  pause(): () => void;
}

export interface KafkaRecord {
  readonly offset: string;
  /** Names in lower case; a header that was given several times is joined by `, `. */
  readonly headers: Readonly<Record<string, string>>;
  /** `null` is a tombstone. */
  readonly value: Buffer | null;
}

export interface KafkaMessage {
  readonly key: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly value: string;
}

/** Sends to topics. After a fault it must not be used again: what became of that send is not known. */
export interface KafkaProducer {
  /**
   * Resolves when all in-sync replicas have all of them.
   * @returns why they may not have them, or `null`
   */
  send(topic: string, messages: readonly KafkaMessage[]): Promise<KafkaFault | null>;
  /** Never rejects. */
  close(): Promise<void>;
}
