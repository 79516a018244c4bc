import { allBelow, type Department, findDepartment } from './company.ts';
import { type DirectoryServer, startDirectoryServer } from './directory-server.ts';

/** Lark's API of contacts, with two entries on a page; the id of a department is `od-<id>`, of the root 0. */
export function startLarkServer(company: () => Department): Promise<DirectoryServer> {
  return startDirectoryServer(({ path, query, authorization, body }) => {
    if (path === '/open-apis/auth/v3/tenant_access_token/internal') {
      const genuine = body.app_id === 'cli_9f5343c580712544' && body.app_secret === 'app secret';
      return genuine
        ? { code: 0, msg: 'ok', tenant_access_token: 't-7f1b', expire: 7_200 }
        : { code: 10_014, msg: 'app secret invalid' };
    }
    if (authorization !== 'Bearer t-7f1b') return { code: 99_991_663, msg: 'Invalid access token' };
    if (path === '/open-apis/contact/v3/departments/0/children') {
      const [, ...below] = query.get('fetch_child') === 'true' ? allBelow(company()) : [];
      return page(
        below.map(({ id }) => ({ open_department_id: `od-${id}`, name: 'R&D' })),
        query,
      );
    }
    if (path !== '/open-apis/contact/v3/users/find_by_department') return { code: 99_991_401 };
    const id = Number((query.get('department_id') ?? '').replace('od-', ''));
    const people = findDepartment(company(), id === 0 ? 1 : id)?.people ?? [];
    const key = query.get('user_id_type') ?? 'open_id';
    return page(
      people.map((person) => ({ open_id: 'ou_other', union_id: 'on_other', [key]: person })),
      query,
    );
  });
}

/** A page without entries has no `items`, as the vendor's. */
function page(all: readonly object[], query: URLSearchParams): object {
  const from = Number((query.get('page_token') ?? 'p/0+=').replace(/\D/g, ''));
  const items = all.slice(from, from + 2);
  const next =
    from + 2 < all.length ? { has_more: true, page_token: `p/${from + 2}+=` } : { has_more: false };
  return { code: 0, msg: 'success', data: { ...next, ...(items.length > 0 && { items }) } };
}
