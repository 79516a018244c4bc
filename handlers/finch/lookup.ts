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

const responses = <Body extends z.ZodType>(body: Body) =>
  z.object({ responses: z.tuple([z.object({ code: z.literal(200), body })]) });
const employmentShape = responses(z.object({ is_active: z.boolean(), end_date: z.string().nullish() }));
const individualShape = responses(
  z.object({ emails: z.array(z.object({ type: z.string().nullish(), data: z.string() })).nullish() }),
);

/** Asks about the employment of a person, and who that is. */
export async function lookUp(id: string, settings: Settings, http: VendorHttp): Promise<LookupResult> {
  const api = apiOf(settings.lookup, http);
  const headers = { 'finch-api-version': '2020-09-17' };
  const json = { requests: [{ individual_id: id }] };
  const ask = (what: string) => api({ path: ['employer', what], headers, json });
  const employment = readShape(employmentShape, await ask('employment')).responses[0].body;
  if (employment.is_active && !employment.end_date) return { kind: 'active' };
  const individual = readShape(individualShape, await ask('individual')).responses[0].body;
  const email = individual.emails?.find(({ type }) => type === 'work')?.data;
  return readStatus(
    {
      isGone: !employment.is_active,
      lastDay: employment.end_date,
      identify: () => identify({ external_id: id, email }, settings),
    },
    settings,
  );
}
