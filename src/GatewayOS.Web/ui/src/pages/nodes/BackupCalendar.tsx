import type { JobMessage, SnapshotInfo } from '../../api/types';
import { useNow } from '../../design/useNow';
import { weeksOf, type CalendarDay, type CalendarEvent } from '../../logic/calendar';
import { num } from '../../logic/numbers';
import { texts } from '../../texts';

const words = texts.nodes;
const weeks = 18;
const minuteMs = 60_000;

/** What came of the node's backups on each day of some months. */
export function BackupCalendar({ snapshots, jobs }: { snapshots: readonly SnapshotInfo[]; jobs: readonly JobMessage[] }) {
  const now = useNow(minuteMs);
  const events: CalendarEvent[] = [
    ...snapshots.map((point) => ({ atMs: num(point.finishedUnixMs), outcome: num(point.problems) > 0 ? ('warned' as const) : ('good' as const) })),
    ...jobs.filter((job) => job.kind === 'backup' && job.state === 'failed').map((job) => ({ atMs: num(job.endedUnixMs), outcome: 'failed' as const })),
  ];
  const rows = weeksOf(events, now, weeks);
  const days = rows.flat().filter((day) => !day.isFuture);
  return (
    <figure class="calendar">
      <div class="calendar-days" role="img" aria-label={words.calendarWords(days.filter((day) => day.outcome !== 'none').length, days.length, days.filter((day) => day.failures > 0).length)}>
        {rows.map((row) => (
          <div class="calendar-week" key={row[0]?.day}>
            {row.map((day) => <div key={day.day} class={day.isFuture ? 'day is-future' : `day is-${day.outcome}`} title={day.isFuture ? undefined : told(day)} />)}
          </div>
        ))}
      </div>
      <figcaption>
        {(['good', 'warned', 'failed', 'none'] as const).map((outcome) => (
          <span key={outcome}><i class={`day is-${outcome}`} /> {words.outcomes[outcome]}</span>
        ))}
      </figcaption>
    </figure>
  );
}

function told(day: CalendarDay): string {
  return `${day.day}: ${words.dayWords(day.backups, day.failures)}`;
}
