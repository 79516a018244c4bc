import { type DirectoryServer, startDirectoryServer } from './directory-server.ts';

/** WeCom's API, as far as it lists who is there: two people on a page. */
export interface WecomServer extends DirectoryServer {
  setPeople(people: readonly string[]): void;
}

export async function startWecomServer(): Promise<WecomServer> {
  let people: readonly string[] = [];
  const server = await startDirectoryServer(({ path, query, body }) => {
    if (path === '/cgi-bin/gettoken') {
      const genuine = query.get('corpid') === 'corp' && query.get('corpsecret') === 'contact secret';
      return genuine ? { errcode: 0, errmsg: 'ok', access_token: 'token/1+' } : { errcode: 40_001 };
    }
    if (path !== '/cgi-bin/user/list_id' || query.get('access_token') !== 'token/1+')
      return { errcode: 40_014 };
    const from = Number(body.cursor);
    const listed = people.slice(from, from + 2).flatMap((userid) => [
      { userid, department: 1 },
      { userid, department: 2 },
    ]);
    const next_cursor = from + 2 < people.length ? String(from + 2) : '';
    return { errcode: 0, errmsg: 'ok', next_cursor, dept_user: listed };
  });
  return {
    ...server,
    setPeople(list) {
      people = list;
    },
  };
}
