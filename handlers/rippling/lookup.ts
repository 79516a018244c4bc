import { z } from 'zod';
import {
  apiOf,
  atSite,
  identify,
  type LookupResult,
  readShape,
  readStatus,
  type VendorHttp,
} from '../../src/core/handler.ts';
import type { Settings } from './settings.ts';

const employeeShape = z.object({
  roleState: z.string(),
  endDate: z.string().nullish(),
  workEmail: z.string().nullish(),
  workLocation: z.object({ nickname: z.string().nullish() }).nullish().catch(null),
});

/** Asks about an employee. */
export async function lookUp(id: string, settings: Settings, http: VendorHttp): Promise<LookupResult> {
  const ask = apiOf(settings.lookup, http);
  const employee = readShape(employeeShape, await ask({ path: ['employees', id] }));
  return readStatus(
    {
      isGone: employee.roleState === 'TERMINATED',
      lastDay: employee.endDate,
      identify: () => identify({ external_id: id, email: employee.workEmail }, settings),
    },
    atSite(settings, employee.workLocation?.nickname),
  );
}
