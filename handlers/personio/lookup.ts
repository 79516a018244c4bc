import { z } from 'zod';
import {
  identify,
  type LookupResult,
  readShape,
  readStatus,
  type VendorHttp,
} from '../../src/core/handler.ts';
import type { Settings } from './settings.ts';

const tokenShape = z.object({ access_token: z.string().min(1) });
const personShape = z.object({ email: z.string().nullish() });
const employmentsShape = z.object({
  _data: z.array(
    z.object({
      status: z.string(),
      employment_end_date: z.string().nullish(),
      termination: z.object({ terminated_at: z.string().nullish() }).nullish(),
    }),
  ),
});

/** Asks about all employments of a person. */
export async function lookUp(id: string, settings: Settings, http: VendorHttp): Promise<LookupResult> {
  const { baseUrl = '', username = '', password = '' } = settings.lookup ?? {};
  const form = { grant_type: 'client_credentials', client_id: username, client_secret: password };
  const { access_token: token } = readShape(
    tokenShape,
    await http({ baseUrl, path: ['v2', 'auth', 'token'], form }),
  );
  const headers = { authorization: `Bearer ${token}` };
  const path = ['v2', 'persons', id];
  const { email } = readShape(personShape, await http({ baseUrl, path, headers }));
  const answer = await http({ baseUrl, path: [...path, 'employments'], headers });
  const current = readShape(employmentsShape, answer)._data.filter(({ status }) => status !== 'INACTIVE');
  const days = current.map((one) => one.employment_end_date ?? one.termination?.terminated_at);
  // Whoever has another employment without an end stays.
  const lastDay = days.some((day) => !day) ? null : days.toSorted().at(-1);
  return readStatus(
    {
      isGone: current.length === 0,
      lastDay,
      identify: () => identify({ external_id: id, email }, settings),
    },
    settings,
  );
}
