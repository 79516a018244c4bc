import type { Request } from 'express';

/**
 * The console signs in with an operator token, which stays in a cookie that no script can read. A browser sends that
 * cookie with whatever page asks for it; this header only our own pages can add, so that it counts with it alone.
 */
export const consoleHeader = 'x-offboard-console';

const cookieName = 'offboard_token';
const lifetimeS = 43_200;

/** The `Authorization` of a request: its own, or that of the console's session. */
export function authorizationOf(request: Request): string | undefined {
  const given = request.get('authorization');
  if (given !== undefined || request.get(consoleHeader) === undefined) return given;
  const cookies = (request.get('cookie') ?? '').split(/; */);
  const value = cookies.find((one) => one.startsWith(`${cookieName}=`))?.slice(cookieName.length + 1);
  return value ? `Bearer ${Buffer.from(value, 'base64url').toString()}` : undefined;
}

/**
 * The cookie is for encrypted connections only, unless the browser itself says that its page came by plain HTTP: a proxy
 * in front may have ended TLS without being trusted, and a browser drops a `Secure` cookie that comes by plain HTTP.
 * @param token `null` ends the session
 */
export function sessionCookie(token: string | null, request: Request): string {
  const secure = request.get('origin')?.startsWith('http://') ? '' : '; Secure';
  const value = Buffer.from(token ?? '').toString('base64url');
  const age = token === null ? 0 : lifetimeS;
  return `${cookieName}=${value}; Path=/; Max-Age=${age}; HttpOnly; SameSite=Strict${secure}`;
}
