import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import type { OverviewDay } from '../../api/web';
import { bytes, duration } from '../../logic/format';
import { texts } from '../../texts';

const heightPx = 190;
const words = texts.overview;

// Powers of two, so that sizes at the axis are round.
const increments = Array.from({ length: 50 }, (_, power) => 2 ** power);

/** What was backed up on each day, as bars; the same in words for those who see none. */
export function ThroughputChart({ days }: { days: readonly OverviewDay[] }) {
  const frame = useRef<HTMLDivElement>(null);
  const drawn = JSON.stringify(days);
  useEffect(() => {
    const element = frame.current;
    if (element === null) {
      return undefined;
    }

    let chart: uPlot | null = null;
    const draw = () => {
      chart?.destroy();
      element.replaceChildren();
      chart = new uPlot(options(element), [days.map((one) => Date.parse(`${one.day}T12:00:00`) / 1000), days.map((one) => one.bytes)], element);
    };
    const resized = new ResizeObserver(() => chart?.setSize({ width: element.clientWidth, height: heightPx }));
    // Colours are those of the theme at the time of drawing.
    const themed = new MutationObserver(draw);
    draw();
    resized.observe(element);
    themed.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
    return () => {
      resized.disconnect();
      themed.disconnect();
      chart?.destroy();
    };
  }, [drawn]);
  const total = days.reduce((sum, one) => sum + one.bytes, 0);
  const seconds = days.reduce((sum, one) => sum + one.seconds, 0);
  return (
    <figure class="chart">
      <div ref={frame} class="chart-frame" role="img" aria-label={words.chart(bytes(total), days.length)} />
      <figcaption>{words.chartNote(bytes(total), days.length, duration(seconds))}</figcaption>
    </figure>
  );
}

function options(element: HTMLElement): uPlot.Options {
  const style = getComputedStyle(element);
  const axis = { stroke: style.color, grid: { stroke: style.borderTopColor, width: 1 }, ticks: { show: false }, font: `12px ${style.fontFamily}` };
  return {
    width: Math.max(element.clientWidth, 200),
    height: heightPx,
    cursor: { y: false, points: { show: false } },
    legend: { show: false },
    scales: { x: { time: true }, y: { range: (_, __, most) => [0, Math.max(most * 1.1, 1024)] } },
    axes: [
      { ...axis, size: 28, grid: { show: false }, values: (_, ticks) => ticks.map((tick) => dayOfMonth(tick)) },
      { ...axis, size: 68, incrs: increments, values: (_, ticks) => ticks.map((tick) => bytes(tick)) },
    ],
    series: [{}, { stroke: style.caretColor, fill: style.caretColor, width: 0, points: { show: false }, ...bars() }],
  };
}

function bars(): { paths?: uPlot.Series.PathBuilder } {
  const paths = uPlot.paths.bars?.({ size: [0.7, 28] });
  return paths ? { paths } : {};
}

function dayOfMonth(seconds: number): string {
  return new Date(seconds * 1000).toLocaleDateString('en-GB', { day: 'numeric', month: 'short' });
}
