/**
 * Lookups by hand, for HTTP: which router is meant, whose shard that is, and then either the answer from the table here, or the
 * question handed on, once, to the member that holds it. What cannot be answered says what is known (503).
 */

import { errorText } from '../base/errors.ts';
import { IpAddress, ipAddressOf } from '../base/ip.ts';
import { forwardedHeader } from '../http/api.ts';
import type { LookupAnswer, LookupQuery, LookupReply } from '../http/status.ts';
import { type ExplainOptions, explainLookup } from '../lookup/explain.ts';
import { LookupQuestion, type LookupTables } from '../lookup/question.ts';
import type { RouterDirectory } from '../lookup/router-directory.ts';
import type { Router } from '../model/router.ts';
import type { HeldShard } from '../stages/enrich/shard-logs.ts';
import { askMember, type GroupMember, type GroupMembers } from './group-members.ts';

const askTimeoutMs = 5000;
/** Far more than an answer with all its candidates has. */
const mostAnswerBytes = 1024 * 1024;

export interface LookupServiceDependencies {
  readonly explain: ExplainOptions;
  readonly directory: RouterDirectory;
  readonly host: LookupTables & { all(): readonly HeldShard[] };
  readonly members: Pick<GroupMembers, 'list' | 'forget' | 'selfUrl'>;
}

export class LookupService {
  private readonly deps: LookupServiceDependencies;

  constructor(deps: LookupServiceDependencies) {
    this.deps = deps;
  }

  async lookup(query: LookupQuery, isForwarded: boolean): Promise<LookupReply> {
    const { router, exporter } = this.routerOf(query.router);
    const held = this.deps.host.all().find(({ shard }) => shard === router.shard);
    if (held !== undefined) return this.here(query, router, exporter, held);
    const { name, shard } = router;
    if (isForwarded) {
      return refusal(`shard ${shard} of router ${name} is not here any more`, { router: name, shard });
    }
    return this.elsewhere(query, router);
  }

  /** By configured name, then by BMP address, then as an exporter. A router not listed is its own BMP address and exporter. */
  private routerOf(text: string): { router: Router; exporter: IpAddress | null } {
    const { directory } = this.deps;
    const named = directory.configured.find(({ name }) => name === text);
    if (named !== undefined) return { router: named, exporter: null };
    const byBmp = directory.byBmpAddress(text);
    const exporter = ipAddressOf(text);
    if (exporter === null || directory.configured.includes(byBmp)) return { router: byBmp, exporter: null };
    return { router: directory.byExporter(exporter), exporter };
  }

  private here(query: LookupQuery, router: Router, exporter: IpAddress | null, held: HeldShard): LookupReply {
    const { shard, state, position, restoreEnd } = held;
    const { explain, host } = this.deps;
    if (state !== 'serving') {
      const problem = `shard ${shard} of router ${router.name} is being restored: at ${position} of ${restoreEnd}`;
      return refusal(problem, { router: router.name, shard, state, answeredBy: this.deps.members.selfUrl });
    }
    const question = new LookupQuestion(router, addressOf(query.address));
    question.exporter = exporter;
    question.nextHop = query.nextHop === null ? null : addressOf(query.nextHop);
    // One parameter for both: what is no RD is the name of a VRF.
    const { rd } = query;
    const named = { rd: rd ?? '', vrf: rd ?? '', ingressVrfId: -1, egressVrfId: -1 };
    if (rd !== null) question.vrf = explain.lookup.resolveVrf(router, host, named);
    const explanation = explainLookup(explain, host, question, rd);
    return { code: 200, body: { ...explanation, answeredBy: this.deps.members.selfUrl } };
  }

  private async elsewhere(query: LookupQuery, router: Router): Promise<LookupReply> {
    const { members } = this.deps;
    const { shard, name } = router;
    const tried: string[] = [];
    // The owner may have changed since the group was last described.
    for (let attempt = 0; attempt < 2; attempt++) {
      let known: readonly GroupMember[];
      try {
        known = await members.list();
      } catch (error) {
        return refusal(
          `shard ${shard} of router ${name} is not here, and Kafka does not tell who holds it: ${errorText(error)}`,
          {
            router: name,
            shard,
          },
        );
      }
      const owner = known.find(({ shards, isSelf }) => !isSelf && shards.includes(shard));
      if (owner === undefined) {
        tried.push('no member of the group holds it now');
      } else if (owner.url === null) {
        tried.push(`the member on ${owner.host} holds it, but ${owner.problem}`);
      } else {
        const headers = { [forwardedHeader]: members.selfUrl ?? 'a member' };
        const { code, body, error } = await askMember(owner.url, pathOf(query), headers, askTimeoutMs, mostAnswerBytes);
        if (code !== null && code < 500) {
          return { code, body: { ...(body as unknown as LookupAnswer), forwardedBy: members.selfUrl } };
        }
        tried.push(error === '' ? `${owner.url}: ${refusalText(body, code)}` : error);
      }
      members.forget();
    }
    return refusal(`shard ${shard} of router ${name} is not here: ${[...new Set(tried)].join('; ')}`, {
      router: name,
      shard,
    });
  }
}

function pathOf({ router, address, nextHop, rd }: LookupQuery): string {
  const query = new URLSearchParams({ router, address });
  if (nextHop !== null) query.set('nextHop', nextHop);
  if (rd !== null) query.set('rd', rd);
  return `/api/v1/lookup?${query.toString()}`;
}

function addressOf(text: string): IpAddress {
  const address = ipAddressOf(text) ?? new IpAddress();
  address.unmap();
  return address;
}

function refusal(error: string, known: Record<string, unknown>): LookupReply {
  return { code: 503, body: { error, ...known } };
}

function refusalText(body: Record<string, unknown> | null, code: number | null): string {
  const error = body?.['error'];
  return typeof error === 'string' ? error : `status ${code}`;
}
