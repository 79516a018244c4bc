import { z } from 'zod';
import {
  apiOf,
  identify,
  type LookupResult,
  readShape,
  readStatus,
  type VendorHttp,
} from '../../src/core/handler.ts';
import type { Settings } from './settings.ts';

const employeeShape = z.object({
  terminated: z.boolean().default(false),
  terminations: z
    .array(z.object({ active: z.boolean().nullish(), effective_date: z.string().nullish() }))
    .default([]),
  work_email: z.string().nullish(),
});

/** Only employees: a contractor's address is their own. `email` is private, `work_email` is not. */
export async function lookUp(id: string, settings: Settings, http: VendorHttp): Promise<LookupResult> {
  const ask = apiOf(settings.lookup, http);
  const employee = readShape(employeeShape, await ask({ path: ['v1', 'employees', id] }));
  const { terminated, terminations, work_email: email } = employee;
  const next = terminations.findLast(({ active }) => active !== true);
  return readStatus(
    {
      isGone: terminated && !next,
      lastDay: terminated ? next?.effective_date : null,
      identify: () => identify({ external_id: id, email }, settings),
    },
    settings,
  );
}
