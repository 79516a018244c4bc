/** What can be wrong: the codes of `/v1/status`, of the metric `degraded`, of the log and of what Slack is told. */
export const troubleCodes = [
  'active_users_unknown',
  'backlog_full',
  'calls_paused',
  'kafka_credentials_refused',
  'kafka_failed',
  'kafka_no_such_topic',
  'kafka_not_authorized',
  'kafka_silent',
  'kafka_unreachable',
  'lookups_paused',
  'overdue',
  'protection_unknown',
  'publisher_failing',
  'slack_disconnected',
  'source_silent',
  'stream_disconnected',
] as const;

export type TroubleCode = (typeof troubleCodes)[number];

/** Something that does not work as it should, and what it is. */
export interface Trouble {
  readonly code: TroubleCode;
  /** The endpoint, source or publisher that it is about, if it is about one. */
  readonly about: string | null;
  /** For people; what GenAuth said may be in it. */
  readonly message: string;
}
