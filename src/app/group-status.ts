/** `?all=true`: what every member of the group says of its shards or routers, put together. */

import type { GroupStatus } from '../http/status.ts';
import { askMember, type GroupMember, type GroupMembers } from './group-members.ts';

/** The peers of all routers of a member. */
const mostStatusBytes = 64 * 1024 * 1024;
const askTimeoutMs = 5000;

/** `own` is this member's part; the others are asked at once. Rejects when Kafka does not tell who they are. */
export async function statusOfGroup(
  members: Pick<GroupMembers, 'list'>,
  what: 'shards' | 'routers',
  own: readonly unknown[],
  selfUrl: string | null,
): Promise<GroupStatus> {
  const others = (await members.list()).filter(({ isSelf }) => !isSelf);
  const parts = await Promise.all(others.map((member) => partOf(member, what)));
  const all = [...own, ...parts.flatMap(({ list }) => list)].toSorted((a, b) => shardOf(a) - shardOf(b));
  return {
    shards: what === 'shards' ? all : [],
    routers: what === 'routers' ? all : [],
    members: [{ url: selfUrl, error: null }, ...parts.map(({ url, error }) => ({ url, error }))],
  };
}

async function partOf(
  { url, host, problem }: GroupMember,
  what: 'shards' | 'routers',
): Promise<{ list: readonly unknown[]; url: string | null; error: string | null }> {
  if (url === null) return { list: [], url, error: `the member on ${host}: ${problem}` };
  const { code, body, error } = await askMember(url, `/api/v1/${what}`, {}, askTimeoutMs, mostStatusBytes);
  const list = body?.[what];
  if (code === 200 && Array.isArray(list)) return { list: list as unknown[], url, error: null };
  return { list: [], url, error: error === '' ? `${url}: status ${code}` : error };
}

function shardOf(part: unknown): number {
  return (part as { shard?: number }).shard ?? 0;
}
