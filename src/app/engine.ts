/** What of the configuration decides answers, made in one place: `run` and `replay` cannot differ in it. */

import type { CompiledConfig } from '../config/types.ts';
import { Lookup } from '../lookup/ladder.ts';
import { createRouterDirectory, type RouterDirectory } from '../lookup/router-directory.ts';

export function createDirectory({ lookup, routers, shards }: CompiledConfig): RouterDirectory {
  return createRouterDirectory(routers, shards, lookup.references);
}

export function createLookup({ lookup }: CompiledConfig): Lookup {
  return new Lookup({ views: lookup.views, unknownVrf: lookup.unknownVrf });
}
