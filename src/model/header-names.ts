/** Names of the record headers that flowrib writes. Text values, so that console tools show them. */

const name = (text: string): Buffer => Buffer.from(`flowrib.${text}`, 'utf8');

/**
 * Position of the record that something was made from: topic, partition, offset (decimal), and the number of the part when it is one of
 * several in that record.
 */
export const headerTopic = name('topic');
export const headerPartition = name('partition');
export const headerOffset = name('offset');
export const headerPart = name('part');
/** `<shard>:<next offset of the routes log>` for each shard consulted, comma-separated. */
export const headerRoutes = name('routes');

/** Routes log only. */
export const headerTopicId = name('topic-id');
export const headerFormat = name('format');
export const headerRouter = name('router');
export const headerCollector = name('collector');
export const headerTick = name('tick');

/** Snapshots only. */
export const headerSnapshot = name('snapshot');
export const headerChunk = name('chunk');
export const headerManifest = name('manifest');
export const headerChecksum = name('checksum');

/** Dead letters only. */
export const headerStage = name('stage');
export const headerErrorCode = name('error-code');
export const headerError = name('error');

export const positionHeaders: readonly Buffer[] = [headerTopic, headerPartition, headerOffset, headerPart];
