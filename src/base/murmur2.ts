/**
 * Murmur2 as Kafka's Java client hashes keys (org.apache.kafka.common.utils.Utils.murmur2, seed 0x9747b28c), so that a producer
 * with the default partitioner of Java, franz-go or kafkajs that keys by the router's printed address places its records as we do.
 */

const seed = 0x9747b28c;
const m = 0x5bd1e995;

/** The 32-bit hash, as int32. */
export function murmur2(bytes: Uint8Array): number {
  const length = bytes.length;
  let h = seed ^ length;
  const whole = length & ~3;
  for (let i = 0; i < whole; i += 4) {
    let k = bytes[i] | (bytes[i + 1] << 8) | (bytes[i + 2] << 16) | (bytes[i + 3] << 24);
    k = Math.imul(k, m);
    k ^= k >>> 24;
    k = Math.imul(k, m);
    h = Math.imul(h, m) ^ k;
  }
  const rest = length & 3;
  if (rest >= 3) h ^= bytes[whole + 2] << 16;
  if (rest >= 2) h ^= bytes[whole + 1] << 8;
  if (rest >= 1) {
    h ^= bytes[whole];
    h = Math.imul(h, m);
  }
  h ^= h >>> 13;
  h = Math.imul(h, m);
  h ^= h >>> 15;
  return h;
}

/** The partition that Java's default partitioner gives a key: `(murmur2(key) & 0x7fffffff) % partitions`. */
export function partitionOfKey(key: Uint8Array, partitions: number): number {
  return (murmur2(key) & 0x7fffffff) % partitions;
}
