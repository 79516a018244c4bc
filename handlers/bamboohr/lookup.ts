import { z } from 'zod';
import {
  atSite,
  basicAuthorization,
  identify,
  type LookupResult,
  readShape,
  readStatus,
  type VendorHttp,
  type Verdict,
} from '../../src/core/handler.ts';
import type { Settings } from './settings.ts';

const recordShape = z.object({
  status: z.string(),
  terminationDate: z.string().nullish(),
  location: z.string().nullish(),
  workEmail: z.string().nullish(),
  mobilePhone: z.string().nullish(),
  employeeNumber: z.string().nullish(),
});

/** What the values of a status ask for, in lower case. */
export const verdicts = new Map<string, Verdict>([
  ['inactive', { action: 'resign' }],
  ['terminated', { action: 'resign' }],
  ['active', { action: 'withdraw' }],
]);

/** Asks what the status of an employee became. */
export async function lookUp(id: string, settings: Settings, http: VendorHttp): Promise<LookupResult> {
  const { baseUrl = '', token: username = '' } = settings.lookup ?? {};
  const headers = { authorization: basicAuthorization({ username, password: 'x' }) };
  const query = { fields: 'status,terminationDate,location,workEmail,mobilePhone,employeeNumber' };
  const path = ['api', 'v1', 'employees', id];
  const employee = readShape(recordShape, await http({ baseUrl, path, query, headers }));
  const offer = {
    external_id: settings.fields.external_id === null ? id : employee.employeeNumber,
    email: employee.workEmail,
    phone: employee.mobilePhone,
  };
  const { status, terminationDate } = employee;
  return readStatus(
    {
      isGone: verdicts.get(status.toLowerCase())?.action === 'resign',
      lastDay: terminationDate === '0000-00-00' ? null : terminationDate,
      identify: () => identify(offer, settings),
    },
    atSite(settings, employee.location),
  );
}
