import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';

const leastWidthPx = 200;

/** What a chart takes from the theme at the time of drawing. */
export interface Look {
  axis: uPlot.Axis;
  accent: string;
  soft: string;
}

interface ChartProps {
  data: uPlot.AlignedData;
  heightPx: number;
  /** The same in words, for those who see no drawing. */
  label: string;
  children: ComponentChildren;
  options: (look: Look) => Pick<uPlot.Options, 'scales' | 'axes' | 'series'>;
}

/** Draws figures over time; again when they, the theme or the width change. */
export function Chart({ data, heightPx, label, children, options }: ChartProps) {
  const frame = useRef<HTMLDivElement>(null);
  const newest = useRef({ data, options });
  newest.current = { data, options };
  const drawn = JSON.stringify(data);
  useEffect(() => {
    const element = frame.current;
    if (element === null) {
      return undefined;
    }

    let chart: uPlot | null = null;
    const draw = () => {
      chart?.destroy();
      element.replaceChildren();
      const common = { width: Math.max(element.clientWidth, leastWidthPx), height: heightPx, cursor: { y: false, points: { show: false } }, legend: { show: false } };
      chart = new uPlot({ ...common, ...newest.current.options(lookOf(element)) }, newest.current.data, element);
    };
    const resized = new ResizeObserver(() => chart?.setSize({ width: element.clientWidth, height: heightPx }));
    const themed = new MutationObserver(draw);
    draw();
    resized.observe(element);
    themed.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
    return () => {
      resized.disconnect();
      themed.disconnect();
      chart?.destroy();
    };
  }, [drawn, heightPx]);
  return (
    <figure class="chart">
      <div ref={frame} class="chart-frame" role="img" aria-label={label} />
      <figcaption>{children}</figcaption>
    </figure>
  );
}

function lookOf(element: HTMLElement): Look {
  const style = getComputedStyle(element);
  return {
    axis: { stroke: style.color, grid: { stroke: style.borderTopColor, width: 1 }, ticks: { show: false }, font: `12px ${style.fontFamily}` },
    accent: style.caretColor,
    soft: style.color,
  };
}

/** A day at an axis. */
export function dayOfMonth(seconds: number): string {
  return new Date(seconds * 1000).toLocaleDateString('en-GB', { day: 'numeric', month: 'short' });
}
