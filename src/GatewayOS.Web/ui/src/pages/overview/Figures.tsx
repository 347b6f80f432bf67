import type { ComponentChildren } from 'preact';
import type { Overview } from '../../api/web';
import { Figure } from '../../design/Figure';
import { Meter } from '../../design/Status';
import { bytes, duration, rate } from '../../logic/format';
import { toneOfFill } from '../../logic/verdict';
import { texts } from '../../texts';

const words = texts.overview;
const daySeconds = 86_400;

/** The figures that tell most, each with its source and age. */
export function Figures({ value }: { value: Overview }) {
  const at = value.atUnixMs;
  const stored = value.storeAtUnixMs ?? null;
  const nodes = value.nodes.filter((node) => node.state === 'active');
  const measured = nodes.filter((node) => node.rpoSeconds !== undefined);
  const worst = measured.length > 0 ? Math.max(...measured.map((node) => node.rpoSeconds ?? 0)) : null;
  const capacity = value.capacity;
  const used = capacity.diskBytes > 0 ? 1 - capacity.freeBytes / capacity.diskBytes : null;
  const saved = capacity.dedupeRatio !== undefined && capacity.compressionRatio !== undefined ? capacity.dedupeRatio * capacity.compressionRatio : capacity.dedupeRatio;
  return (
    <div class="tiles">
      <Tile name={words.protectedNodes} note={nodes.length === 0 ? words.noNodesShort : words.ofNodes(nodes.length)}>
        <Figure source={words.sources.protectedNodes} atMs={at}>{nodes.filter((node) => node.protection === 'protected').length}</Figure>
      </Tile>
      <Tile name={words.worstRpo} note={worst === null ? words.noRpo : words.worstRpoNote}>
        <Figure source={words.sources.rpo} atMs={stored}>{worst === null ? null : duration(worst)}</Figure>
      </Tile>
      <Tile name={words.free} note={capacity.daysToFull === undefined ? words.noForecast : words.daysToFull(duration(capacity.daysToFull * daySeconds))}>
        <Figure source={words.sources.free(bytes(capacity.diskBytes))} atMs={at}>{bytes(capacity.freeBytes)}</Figure>
        {used !== null && <Meter share={used} tone={toneOfFill(used)} label={words.used} />}
      </Tile>
      <Tile name={words.reduction} note={reductionNote(capacity)}>
        <Figure source={words.sources.reduction} atMs={stored}>{saved === undefined ? null : `${saved.toFixed(1)} ×`}</Figure>
      </Tile>
      <Tile name={words.now} note={capacity.storeBytes === undefined ? '' : words.stored(bytes(capacity.storeBytes))}>
        <Figure source={words.sources.now} atMs={at}>{value.throughput.nowBytesPerSecond === undefined ? null : rate(value.throughput.nowBytesPerSecond)}</Figure>
      </Tile>
    </div>
  );
}

function reductionNote(capacity: Overview['capacity']): string {
  return [
    capacity.dedupeRatio !== undefined && words.dedupe(capacity.dedupeRatio.toFixed(1)),
    capacity.compressionRatio !== undefined && words.compression(capacity.compressionRatio.toFixed(1)),
  ].filter((part) => typeof part === 'string').join(' · ') || words.noReduction;
}

function Tile({ name, note, children }: { name: string; note: string; children: ComponentChildren }) {
  return (
    <section class="tile" aria-label={name}>
      <h2>{name}</h2>
      <div class="tile-value">{children}</div>
      <p>{note}</p>
    </section>
  );
}
