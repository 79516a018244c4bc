import { z } from 'zod';
import type { DirectoryAccess } from '../core/handler.ts';
import { createAsking, type Means } from './asking.ts';

type Access = Extract<DirectoryAccess, { kind: 'dingtalk' }>;

const rootDepartment = 1;

const tokenSchema = z.object({ access_token: z.string().min(1) });
const belowSchema = z.object({ result: z.object({ dept_id_list: z.array(z.int()) }) });
const peopleSchema = z.object({ result: z.object({ userid_list: z.array(z.string().min(1)) }) });

/**
 * The ids of everybody whom DingTalk has, from the root department down. The two calls that list are those without
 * pages, because they are not bounded by the departments that an app may see: nobody is missing for want of a right.
 * Source: open.dingtalk.com, `gettoken`, `topapi/v2/department/listsubid` and `topapi/user/listid` (February 2024),
 * "Call frequency limit": 90002 of all callers, 90019 of one; 90018, also of one, from memory.
 * @throws when any answer is not whole
 */
export async function listDingtalkPeople(access: Access, means: Means): Promise<ReadonlySet<string>> {
  const { apiUrl, clientId, clientSecret } = access;
  const busyCodes = [90_002, 90_018, 90_019];
  const ask = createAsking({ name: 'DingTalk', baseUrl: apiUrl, codeKey: 'errcode', busyCodes }, means);
  const { access_token } = await ask(
    { path: ['gettoken'], query: { appkey: clientId, appsecret: clientSecret } },
    tokenSchema,
  );
  const query = { access_token };
  const people = new Set<string>();
  // A set hands out what is added while it is gone through, and each only once.
  const departments = new Set([rootDepartment]);
  for (const dept_id of departments) {
    const json = { dept_id };
    const { result } = await ask({ path: ['topapi', 'user', 'listid'], query, json }, peopleSchema);
    for (const id of result.userid_list) people.add(id);
    const below = await ask({ path: ['topapi', 'v2', 'department', 'listsubid'], query, json }, belowSchema);
    for (const child of below.result.dept_id_list) departments.add(child);
  }
  return people;
}
