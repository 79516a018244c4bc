import { type Delivery, hasValidHmac, UnverifiedDelivery } from '../../core/handler.ts';

/** How far Slack's timestamp may be off, either way, in milliseconds. */
const toleranceMs = 300_000;
/** Requests that are remembered so that none counts twice; more within ten minutes are refused. */
const maxRemembered = 100_000;

export interface SignatureCheck {
  /** @throws UnverifiedDelivery for what Slack did not sign, or not just now, or what came before */
  verify(delivery: Delivery): void;
}

/**
 * Slack's request signature, version 0: HMAC-SHA256 of `v0:<timestamp>:<raw body>`. Bolt's own check lets timestamps
 * from the future and repeated requests pass. What was signed within the window is remembered for as long as it is
 * good; past a restart, a repeated command is known by its trigger id, and a repeated press by what it decided.
 */
export function createSignatureCheck(options: { secret: string; now: () => number }): SignatureCheck {
  const { secret, now } = options;
  const seen = new Map<string, number>();

  function remember(signature: string, at: number): void {
    for (const [old, until] of seen) {
      if (until > at) break;
      seen.delete(old);
    }
    if (seen.has(signature)) throw new UnverifiedDelivery('the request came before');
    if (seen.size >= maxRemembered) throw new UnverifiedDelivery('too many requests to remember');
    seen.set(signature, at + 2 * toleranceMs);
  }

  return {
    verify({ headers, body }) {
      const timestamp = headers['x-slack-request-timestamp'] ?? '';
      const [, signature] = /^v0=([0-9a-f]{64})$/.exec(headers['x-slack-signature'] ?? '') ?? [];
      if (!/^\d{1,12}$/.test(timestamp) || !signature)
        throw new UnverifiedDelivery('the headers of the signature are missing, or odd');
      const at = now();
      if (Math.abs(at - Number(timestamp) * 1_000) > toleranceMs)
        throw new UnverifiedDelivery('the timestamp is more than five minutes off');
      const given = [Buffer.from(signature, 'hex')];
      const signed = [`v0:${timestamp}:`, body];
      if (!hasValidHmac({ algorithm: 'sha256', secrets: [secret], signed, given }))
        throw new UnverifiedDelivery('the signature does not fit');
      remember(signature, at);
    },
  };
}
