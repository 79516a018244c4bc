import { z } from 'zod';
import type { DirectoryAccess } from '../core/handler.ts';
import { type Asking, createAsking, endless, type Means, type Vendor } from './asking.ts';

type Access = Extract<DirectoryAccess, { kind: 'lark' }>;

const rootDepartment = '0';
/** The most on one page. */
const pageSize = '50';

const id = z.string().min(1);
const tokenSchema = z.object({ tenant_access_token: id });
const departmentSchema = z.object({ open_department_id: id });

/**
 * The ids of everybody whom Lark has: of the root department and of all below it. Lark refuses to list the root for
 * an app that may not see everybody, and leaves out an id that the app may not read; both end the comparison.
 * Source: open.larksuite.com, contact v3: "Obtain the list of sub-departments" (May 2023), "Obtain the list of users
 * directly under a department" (August 2023); "Rate limits": 429, `x-ogw-ratelimit-reset` and code 99991400.
 * @throws when any answer is not whole
 */
export async function listLarkPeople(access: Access, means: Means): Promise<ReadonlySet<string>> {
  const { apiUrl, appId, appSecret, personId } = access;
  const vendor = { name: 'Lark', baseUrl: apiUrl, codeKey: 'code', busyCodes: [99_991_400] } as const;
  const ask = createAsking(vendor, means);
  const token = await ask(
    {
      path: ['open-apis', 'auth', 'v3', 'tenant_access_token', 'internal'],
      json: { app_id: appId, app_secret: appSecret },
    },
    tokenSchema,
  );
  const pages = { vendor, ask, headers: { authorization: `Bearer ${token.tenant_access_token}` } };

  const departments = new Set([rootDepartment]);
  const below = { path: ['departments', rootDepartment, 'children'], query: { fetch_child: 'true' } };
  for await (const { open_department_id } of itemsOf(pages, below, departmentSchema))
    departments.add(open_department_id);

  const people = new Set<string>();
  const person = z.object({ [personId]: id });
  for (const department_id of departments) {
    const within = {
      path: ['users', 'find_by_department'],
      query: { department_id, user_id_type: personId },
    };
    for await (const found of itemsOf(pages, within, person)) people.add(String(found[personId]));
  }
  return people;
}

interface Pages {
  readonly vendor: Vendor;
  readonly ask: Asking;
  readonly headers: Readonly<Record<string, string>>;
}

/** Whatever is on the pages of a list. An empty list has no `items`. */
async function* itemsOf<Item>(
  { vendor, ask, headers }: Pages,
  { path, query }: { readonly path: readonly string[]; readonly query: Readonly<Record<string, string>> },
  item: z.ZodType<Item>,
): AsyncGenerator<Item> {
  const pageSchema = z.object({
    data: z.discriminatedUnion('has_more', [
      z.object({ has_more: z.literal(true), page_token: id, items: z.array(item) }),
      z.object({ has_more: z.literal(false), items: z.array(item).default([]) }),
    ]),
  });
  for (let token = ''; ; ) {
    const { data } = await ask(
      {
        path: ['open-apis', 'contact', 'v3', ...path],
        query: { ...query, page_size: pageSize, ...(token && { page_token: token }) },
        headers,
      },
      pageSchema,
    );
    yield* data.items;
    if (!data.has_more) return;
    if (data.page_token === token) throw endless(vendor);
    token = data.page_token;
  }
}
