/** A router: one BMP speaker, under however many addresses it sends BMP and exports flows. */

import { partitionOfKey } from '../base/murmur2.ts';

export interface Router {
  /** What makes it one router: the text of its first configured BMP address, else of the address it speaks from. */
  readonly key: string;
  /** Configured name, else the key. */
  readonly name: string;
  readonly shard: number;
}

/** The shard of a router: Java's default partitioner over the key's text, so that a producer which keys by it aligns with us. */
export function shardOfRouter(key: string, shards: number): number {
  return partitionOfKey(Buffer.from(key, 'utf8'), shards);
}

/** Address → router, for whoever needs no more of the directory (lookup/router-directory.ts). */
export interface BmpRouters {
  /** Router that speaks BMP from this address. */
  byBmpAddress(text: string): Router;
}
