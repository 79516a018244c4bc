import { z } from 'zod';
import {
  type Delivery,
  idShape,
  parseJsonBody,
  readShape,
  type VendorHttp,
  VendorTrouble,
} from '../../src/core/handler.ts';

/** What Gusto posts when a subscription is made, and nothing else. */
const setupShape = z.strictObject({
  verification_token: z.string().min(16).max(256),
  webhook_subscription_uuid: idShape.optional(),
});
type Setup = z.output<typeof setupShape>;
/** Ample for a token and an id. Anybody may send one, and what is taken is kept. */
const maxSetupBytes = 2_048;

/**
 * The token with which Gusto begins a subscription, unsigned. While there are no secrets it becomes a dead letter,
 * where an operator can read it; it is never a key before a person has made it one.
 */
export function readSetup(delivery: Delivery): Setup | null {
  if (delivery.body.length > maxSetupBytes) return null;
  try {
    return readShape(setupShape, parseJsonBody(delivery));
  } catch {
    return null;
  }
}

const tokenShape = z.object({ access_token: z.string().min(1) });
const subscriptionsShape = z.array(z.object({ uuid: idShape, status: z.string().nullish() }));
const maxSubscriptions = 10;

/** The client id and secret of the application. */
interface Credentials {
  readonly baseUrl: string;
  readonly username: string;
  readonly password: string;
}

/**
 * Confirms a verification token with Gusto. The delivery may not name its subscription, and then it is one of those
 * that still wait.
 * @throws VendorTrouble
 */
export async function confirmToken(
  { verification_token, webhook_subscription_uuid: named }: Setup,
  { baseUrl, username, password }: Credentials,
  http: VendorHttp,
): Promise<void> {
  const json = { grant_type: 'system_access', client_id: username, client_secret: password };
  const { access_token } = readShape(tokenShape, await http({ baseUrl, path: ['oauth', 'token'], json }));
  const headers = { authorization: `Bearer ${access_token}` };
  const path = ['v1', 'webhook_subscriptions'];
  const listed = named
    ? [{ uuid: named }]
    : readShape(subscriptionsShape, await http({ baseUrl, path, headers }));
  const waiting = listed.filter((one) => !('status' in one) || one.status !== 'verified');
  for (const { uuid } of waiting.slice(0, maxSubscriptions)) {
    const request = { baseUrl, path: [...path, uuid, 'verify'], headers, json: { verification_token } };
    try {
      await http({ ...request, method: 'PUT' });
      return;
    } catch (error) {
      if (!(error instanceof VendorTrouble) || error.kind === 'again') throw error;
    }
  }
  throw new VendorTrouble('denied', 'Gusto has no subscription that waits for this token');
}
