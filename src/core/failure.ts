/**
 * Why an intent failed, is held or was canceled. Codes are part of the public contract of outcomes: they are added
 * to, never renamed.
 */
export const failureCodes = [
  'user_not_found',
  'identity_conflict',
  'not_confirmed',
  'refused',
  'denied',
  'gave_up',
  'protected',
  'safeguard',
  'stale',
  'needs_confirmation',
  'needs_approval',
  'record_deleted',
  'status_unknown',
  'far_future',
  'lookup_failed',
  'still_active',
  'action_not_allowed',
  'withdrawn',
  'superseded',
  'withdrawn_too_late',
  'canceled_by_operator',
  'expired',
] as const;

export type FailureCode = (typeof failureCodes)[number];

export interface Failure {
  readonly code: FailureCode;
  /** For people; holds no personal data, because it is logged. */
  readonly message: string;
}

/** The end of what an operator canceled. */
export const canceledByOperator: Failure = {
  code: 'canceled_by_operator',
  message: 'canceled by an operator',
};
