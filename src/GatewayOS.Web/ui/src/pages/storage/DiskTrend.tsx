import { useMethod } from '../../api/resource';
import type { SmartSampleMessage } from '../../api/types';
import { Chart, dayOfMonth } from '../../design/Chart';
import { Loaded } from '../../design/Surface';
import { dateTime } from '../../logic/format';
import { num } from '../../logic/numbers';
import { texts } from '../../texts';

const words = texts.storage;
const heightPx = 170;

/** What a disk said of itself over time: temperature as a line, bad sectors as another. */
export function DiskTrend({ serial }: { serial: string }) {
  const history = useMethod('Raid/GetDiskHistory', { serial });
  return (
    <>
      <h3>{words.trend}</h3>
      <Loaded of={history} lines={3}>
        {({ samples = [] }) => (samples.length < 2 ? <p class="hint">{words.noTrend}</p> : <Trend samples={samples} />)}
      </Loaded>
    </>
  );
}

function Trend({ samples }: { samples: readonly SmartSampleMessage[] }) {
  const first = samples[0];
  const last = samples[samples.length - 1];
  const bad = samples.map((sample) => (sample.badSectors === undefined ? null : num(sample.badSectors)));
  const tests = samples.filter((sample, i) => (sample.selfTest ?? '') !== '' && sample.selfTest !== samples[i - 1]?.selfTest);
  return (
    <Chart
      data={[samples.map((sample) => num(sample.timeUnixMs) / 1000), samples.map((sample) => sample.celsius ?? null), bad]}
      heightPx={heightPx}
      label={words.trendOf(range(samples.map((sample) => sample.celsius)), range(bad))}
      options={({ axis, accent, soft }) => ({
        scales: { x: { time: true }, celsius: { range: (_, least, most) => [Math.min(least ?? 20, 20), Math.max(most ?? 60, 60)] }, sectors: { range: (_, __, most) => [0, Math.max(most ?? 0, 10)] } },
        axes: [
          { ...axis, size: 28, grid: { show: false }, values: (_, ticks) => ticks.map(dayOfMonth) },
          { ...axis, scale: 'celsius', size: 50, values: (_, ticks) => ticks.map((tick) => `${tick} °C`) },
          { ...axis, scale: 'sectors', side: 1, size: 50, grid: { show: false }, values: (_, ticks) => ticks.map((tick) => (Number.isInteger(tick) ? String(tick) : '')) },
        ],
        series: [{}, { scale: 'celsius', stroke: accent, width: 2, points: { show: false } }, { scale: 'sectors', stroke: soft, width: 2, dash: [5, 4], points: { show: false } }],
      })}
    >
      {words.trendNote(dateTime(num(first?.timeUnixMs)), dateTime(num(last?.timeUnixMs)))}
      {tests.map((sample) => <span key={sample.timeUnixMs}> {words.tested(sample.selfTest ?? '', dateTime(num(sample.timeUnixMs)))}</span>)}
    </Chart>
  );
}

// Least and most of what was said; null when nothing was.
function range(values: readonly (number | null | undefined)[]): readonly [number, number] | null {
  const said = values.filter((value) => typeof value === 'number');
  return said.length === 0 ? null : [Math.min(...said), Math.max(...said)];
}
