import { z } from 'zod';
import {
  defineHandler,
  hasValidHmac,
  MalformedDelivery,
  parseJsonBody,
  UnverifiedDelivery,
} from '../../src/core/handler.ts';

const settings = z.object({ secrets: z.array(z.string().min(16)).min(1) });
const event = z.object({ name: z.string(), employee: z.string().regex(/^\w{1,64}$/) });

export const example = defineHandler<z.output<typeof settings>>({
  settings,
  retrySpanMs: 24 * 3_600_000,
  verify({ headers, body }, { secrets }) {
    const given = [Buffer.from(headers['x-example-signature'] ?? '', 'hex')];
    const genuine = hasValidHmac({ algorithm: 'sha256', secrets, signed: [body], given });
    if (!genuine) throw new UnverifiedDelivery('x-example-signature does not fit');
  },
  normalize(delivery) {
    const { data } = event.safeParse(parseJsonBody(delivery));
    if (!data) throw new MalformedDelivery('body: has no name or no employee');
    if (data.name !== 'employee.left') return [];
    return [{ action: 'resign', identifiers: [{ userIdType: 'external_id', userId: data.employee }] }];
  },
});
