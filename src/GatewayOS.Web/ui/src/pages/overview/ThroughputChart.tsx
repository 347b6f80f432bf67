import uPlot from 'uplot';
import type { OverviewDay } from '../../api/web';
import { Chart, dayOfMonth } from '../../design/Chart';
import { bytes, duration } from '../../logic/format';
import { texts } from '../../texts';

const heightPx = 190;
const words = texts.overview;

// Powers of two, so that sizes at the axis are round.
const increments = Array.from({ length: 50 }, (_, power) => 2 ** power);

/** What was backed up on each day, as bars; the same in words for those who see none. */
export function ThroughputChart({ days }: { days: readonly OverviewDay[] }) {
  const total = days.reduce((sum, one) => sum + one.bytes, 0);
  const seconds = days.reduce((sum, one) => sum + one.seconds, 0);
  return (
    <Chart
      data={[days.map((one) => Date.parse(`${one.day}T12:00:00`) / 1000), days.map((one) => one.bytes)]}
      heightPx={heightPx}
      label={words.chart(bytes(total), days.length)}
      options={({ axis, accent }) => ({
        scales: { x: { time: true }, y: { range: (_, __, most) => [0, Math.max(most * 1.1, 1024)] } },
        axes: [
          { ...axis, size: 28, grid: { show: false }, values: (_, ticks) => ticks.map(dayOfMonth) },
          { ...axis, size: 68, incrs: increments, values: (_, ticks) => ticks.map((tick) => bytes(tick)) },
        ],
        series: [{}, { stroke: accent, fill: accent, width: 0, points: { show: false }, ...bars() }],
      })}
    >
      {words.chartNote(bytes(total), days.length, duration(seconds))}
    </Chart>
  );
}

function bars(): { paths?: uPlot.Series.PathBuilder } {
  const paths = uPlot.paths.bars?.({ size: [0.7, 28] });
  return paths ? { paths } : {};
}
