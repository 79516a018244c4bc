import { type Department, findDepartment } from './company.ts';
import { type DirectoryServer, startDirectoryServer } from './directory-server.ts';

/** DingTalk's API of contacts; the id of the root is 1. */
export function startDingtalkServer(company: () => Department): Promise<DirectoryServer> {
  return startDirectoryServer(({ path, query, body }) => {
    if (path === '/gettoken') {
      const genuine = query.get('appkey') === 'dingkey' && query.get('appsecret') === 'client secret';
      return genuine
        ? { errcode: 0, errmsg: 'ok', access_token: 'be3F/+', expires_in: 7_200 }
        : { errcode: 40_089 };
    }
    if (query.get('access_token') !== 'be3F/+') return { errcode: 40_014, errmsg: 'Invalid access_token' };
    const department = findDepartment(company(), Number(body.dept_id));
    if (!department) return { errcode: 60_003, errmsg: 'no such department' };
    if (path === '/topapi/user/listid')
      return { errcode: 0, errmsg: 'ok', result: { userid_list: department.people } };
    if (path !== '/topapi/v2/department/listsubid') return { errcode: 22 };
    const dept_id_list = (department.below ?? []).map(({ id }) => id);
    return { errcode: 0, errmsg: 'ok', result: { dept_id_list } };
  });
}
