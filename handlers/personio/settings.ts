import { z } from 'zod';
import {
  basicLookup,
  checkLookup,
  hrSettings,
  lookupDaySettings,
  signatureSchemeSetting,
} from '../../src/core/handler.ts';

export const settings = z
  .object({
    ...hrSettings(['external_id', 'email']),
    signature: signatureSchemeSetting
      .prefault({
        header: 'personio-signature',
        signed: '{timestamp}.{body}',
        timestampHeader: 'personio-timestamp',
      })
      .describe("how Personio signs; compare it with the page on webhooks in your account's documentation"),
    personId: z
      .string()
      .regex(/^\w+(\.\w+)*$/, { error: 'is not a path such as person.id' })
      .nullable()
      .default(null)
      .describe("where in the payload the person's id is; null = the likely places"),
    lookup: basicLookup('https://api.personio.de')
      .optional()
      .describe('the API credentials: client id as username, client secret as password'),
    ...lookupDaySettings,
  })
  .superRefine(checkLookup);
export type Settings = z.output<typeof settings>;
