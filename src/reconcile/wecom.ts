import { z } from 'zod';
import type { DirectoryAccess } from '../core/handler.ts';
import { createAsking, endless, type Means } from './asking.ts';

type Access = Extract<DirectoryAccess, { kind: 'wecom' }>;

const tokenSchema = z.object({ access_token: z.string().min(1) });
const pageSchema = z.object({
  next_cursor: z.string().default(''),
  dept_user: z.array(z.object({ userid: z.string().min(1) })),
});

/**
 * The ids of everybody whom WeCom has. Somebody in two departments is listed twice.
 * Source: developer.work.weixin.qq.com, `gettoken` (91039) and `user/list_id` (96067).
 * @throws when any answer is not whole
 */
export async function listWecomPeople(access: Access, means: Means): Promise<ReadonlySet<string>> {
  const { apiUrl, corpId, secret } = access;
  // Its code for "too often" (45009) is for minutes up to a day: too long to wait for.
  const vendor = { name: 'WeCom', baseUrl: apiUrl, codeKey: 'errcode', busyCodes: [] } as const;
  const ask = createAsking(vendor, means);
  const { access_token } = await ask(
    { path: ['cgi-bin', 'gettoken'], query: { corpid: corpId, corpsecret: secret } },
    tokenSchema,
  );
  const listing = { path: ['cgi-bin', 'user', 'list_id'], query: { access_token } };
  const people = new Set<string>();
  for (let cursor = ''; ; ) {
    const { dept_user, next_cursor } = await ask({ ...listing, json: { cursor, limit: 10_000 } }, pageSchema);
    for (const { userid } of dept_user) people.add(userid);
    if (next_cursor === '') return people;
    if (next_cursor === cursor) throw endless(vendor);
    cursor = next_cursor;
  }
}
