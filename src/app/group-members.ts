/**
 * Who holds which shard, and where he answers HTTP: the group's description and what its members told when they joined, kept for a
 * few seconds. For lookups of shards that are not here; nothing on the flows' way asks it.
 */

import { randomUUID } from 'node:crypto';
import { errorText } from '../base/errors.ts';
import type { Admin } from '../kafka/types.ts';
import {
  decodeMemberAddress,
  encodeMemberAddress,
  isLoopback,
  type MemberAddress,
  memberAddress,
} from './member-address.ts';

export interface GroupMember {
  readonly isSelf: boolean;
  /** As Kafka sees it. */
  readonly host: string;
  /** Null when it cannot be reached from here; `problem` then says why. */
  readonly url: string | null;
  readonly problem: string;
  readonly shards: readonly number[];
}

export interface GroupMembersDependencies {
  readonly admin: Pick<Admin, 'groupMembers'>;
  readonly group: string;
  /** The topic whose partitions are the shards. */
  readonly shardTopic: string;
  /** http.advertise */
  readonly advertise: string | null;
  readonly keepMs?: number;
}

/** Someone waits for the answer: Kafka's own patience is longer than his. */
const askKafkaMs = 5000;

export class GroupMembers {
  private readonly deps: GroupMembersDependencies;
  private readonly keepMs: number;
  private readonly id = randomUUID();
  private self: MemberAddress | null = null;
  private last: { readonly at: number; readonly members: Promise<readonly GroupMember[]> } | null = null;

  constructor(deps: GroupMembersDependencies) {
    this.deps = deps;
    this.keepMs = deps.keepMs ?? 3000;
  }

  /** Where this member's HTTP listens, with the real port: to be said before it joins. */
  listensOn(url: string): void {
    this.self = memberAddress(this.id, url, this.deps.advertise);
  }

  /** URL under which the others reach this member; null while unknown, and when only its port is told. */
  get selfUrl(): string | null {
    return this.self?.url ?? null;
  }

  /** What this member tells the group at each join. */
  memberData(): Buffer {
    return this.self === null ? Buffer.alloc(0) : encodeMemberAddress(this.self);
  }

  /** Rejects when Kafka does not tell. */
  list(): Promise<readonly GroupMember[]> {
    const { last } = this;
    if (last !== null && performance.now() - last.at < this.keepMs) return last.members;
    const members = this.ask();
    const asked = { at: performance.now(), members };
    this.last = asked;
    // A failure is not kept: the next question may have an answer.
    members.catch(() => {
      if (this.last === asked) this.last = null;
    });
    return members;
  }

  /** The next question goes to Kafka. */
  forget(): void {
    this.last = null;
  }

  private async ask(): Promise<readonly GroupMember[]> {
    const { admin, group, shardTopic } = this.deps;
    const told = (await within(admin.groupMembers(group), askKafkaMs)).map(({ host, partitions, userData }) => ({
      host,
      address: decodeMemberAddress(userData),
      shards: partitions.filter(({ topic }) => topic === shardTopic).map(({ partition }) => partition),
    }));
    const self = told.find(({ address }) => address?.id === this.id);
    return told.map(({ host, address, shards }) => {
      const isSelf = address?.id === this.id;
      if (address === null) return { isSelf, host, url: null, problem: 'it did not tell where it answers', shards };
      const url = address.url ?? `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`;
      const isElsewhere = self !== undefined && self.host !== host;
      if (isElsewhere && isLoopback(url)) {
        const problem = `it listens on ${url}, which is its own machine's: set http.listen or http.advertise there`;
        return { isSelf, host, url: null, problem, shards };
      }
      return { isSelf, host, url, problem: '', shards };
    });
  }
}

/** What a member that could be reached or not said to a GET; never rejects. */
export interface Asked {
  /** Null when there was no answer; `error` then says why. */
  readonly code: number | null;
  readonly body: Record<string, unknown> | null;
  readonly error: string;
}

export async function askMember(
  url: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  timeoutMs: number,
  mostBytes: number,
): Promise<Asked> {
  try {
    const response = await fetch(`${url}${path}`, {
      headers,
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    });
    const body: unknown = JSON.parse(await textOf(response, mostBytes));
    if (typeof body !== 'object' || body === null) return { code: null, body: null, error: `${url}: not an object` };
    return { code: response.status, body: body as Record<string, unknown>, error: '' };
  } catch (error) {
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
    return { code: null, body: null, error: `${url}: ${errorText(cause)}` };
  }
}

async function textOf(response: Response, mostBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  // Leaving the loop early cancels the rest.
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > mostBytes) throw new Error(`the answer is longer than ${mostBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

async function within<T>(work: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer from Kafka within ${ms / 1000} s`)), ms);
  });
  try {
    return await Promise.race([work, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
