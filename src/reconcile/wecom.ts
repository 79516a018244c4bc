import { z } from 'zod';
import type { DirectoryAccess } from '../core/handler.ts';

const timeoutMs = 15_000;
const maxPages = 1_000;

const tokenSchema = z.object({ access_token: z.string().min(1) });
const pageSchema = z.object({
  next_cursor: z.string().default(''),
  dept_user: z.array(z.object({ userid: z.string().min(1) })),
});
const errorSchema = z.object({ errcode: z.int() });

/**
 * The ids of everybody whom WeCom has. Somebody in two departments is listed twice.
 * Source: developer.work.weixin.qq.com, `gettoken` (91039) and `user/list_id` (96067).
 * @throws when any answer is not whole
 */
export async function listWecomPeople(access: DirectoryAccess): Promise<ReadonlySet<string>> {
  const { apiUrl, corpId, secret } = access;
  const query = new URLSearchParams({ corpid: corpId, corpsecret: secret });
  const token = await ask(`${apiUrl}/cgi-bin/gettoken?${query}`, tokenSchema);
  const listing = `${apiUrl}/cgi-bin/user/list_id?${new URLSearchParams({ access_token: token.access_token })}`;
  const people = new Set<string>();
  let cursor = '';
  for (let page = 0; page < maxPages; page += 1) {
    const { dept_user, next_cursor } = await ask(listing, pageSchema, { cursor, limit: 10_000 });
    for (const { userid } of dept_user) people.add(userid);
    if (next_cursor === '') return people;
    cursor = next_cursor;
  }
  throw new Error('WeCom does not come to the end of its list');
}

/** The address holds secrets, so that nothing of what goes wrong is passed on but what is said here. */
async function ask<T>(url: string, schema: z.ZodType<T>, body?: object): Promise<T> {
  const post = body && { method: 'POST', body: JSON.stringify(body) };
  const signal = AbortSignal.timeout(timeoutMs);
  const response = await fetch(url, { ...post, redirect: 'error', signal }).catch(() => null);
  if (!response) throw new Error('WeCom cannot be reached');
  if (!response.ok) throw new Error(`WeCom answered ${response.status}`);
  const answer: unknown = await response.json().catch(() => null);
  const { data: said } = errorSchema.safeParse(answer);
  if (said && said.errcode !== 0) throw new Error(`WeCom answered with errcode ${said.errcode}`);
  const { data } = schema.safeParse(answer);
  if (!said || !data) throw new Error('WeCom answered with something else');
  return data;
}
