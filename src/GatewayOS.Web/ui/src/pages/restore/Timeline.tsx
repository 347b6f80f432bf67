import { useId } from 'preact/hooks';
import type { SnapshotInfo } from '../../api/types';
import { Button } from '../../design/Controls';
import { Icon } from '../../design/Icon';
import { useNow } from '../../design/useNow';
import { bytes, count, dateTime, day, relative } from '../../logic/format';
import { num } from '../../logic/numbers';
import { texts } from '../../texts';

const words = texts.restore;

/** Restore points on a line of time, the oldest left; chosen by a click on a point, the arrow keys or the buttons. */
export function Timeline({ points, chosen, onChoose }: { points: readonly SnapshotInfo[]; chosen: SnapshotInfo; onChoose: (point: SnapshotInfo) => void }) {
  const id = useId();
  const now = useNow(30_000);
  const ordered = [...points].sort((left, right) => num(left.startedUnixMs) - num(right.startedUnixMs));
  const at = Math.max(ordered.findIndex((point) => point.id === chosen.id), 0);
  const first = num(ordered[0]?.startedUnixMs);
  const last = num(ordered.at(-1)?.startedUnixMs);
  const place = (point: SnapshotInfo) => (last > first ? ((num(point.startedUnixMs) - first) / (last - first)) * 100 : 50);
  const choose = (index: number) => {
    const point = ordered[index];
    if (point) {
      onChoose(point);
    }
  };
  return (
    <div class="timeline">
      <div class="timeline-line" aria-hidden="true">
        {ordered.map((point, i) => (
          <span key={point.id} class={`timeline-point${point.id === chosen.id ? ' is-chosen' : ''}${num(point.problems) > 0 ? ' is-warned' : ''}`} style={{ left: `${place(point)}%` }} title={dateTime(num(point.startedUnixMs))} onClick={() => choose(i)} />
        ))}
      </div>
      <div class="timeline-ends" aria-hidden="true"><span>{day(first)}</span><span>{day(last)}</span></div>
      <div class="timeline-choice">
        <Button kind="quiet" icon="chevron" label={words.older} disabled={at === 0} onClick={() => choose(at - 1)} />
        <div>
          <label class="unseen" for={id}>{words.when}</label>
          <input id={id} type="range" min={0} max={ordered.length - 1} value={at} aria-valuetext={dateTime(num(chosen.startedUnixMs))} onChange={(event) => choose(Number(event.currentTarget.value))} disabled={ordered.length < 2} />
        </div>
        <Button kind="quiet" icon="chevron" label={words.newer} disabled={at === ordered.length - 1} onClick={() => choose(at + 1)} />
      </div>
      <p class="timeline-told">
        <Icon name="clock" size={18} /> <strong>{dateTime(num(chosen.startedUnixMs))}</strong> · {relative(num(chosen.startedUnixMs), now)} · {texts.nodes.filesAndBytes(count(num(chosen.files)), bytes(num(chosen.bytes)))} · {words.position(at + 1, ordered.length)}
      </p>
    </div>
  );
}
