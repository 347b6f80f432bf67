import { useState } from 'preact/hooks';
import { get } from '../../api/client';
import { useResource } from '../../api/resource';
import type { LogDocument } from '../../api/types';
import { Choice, TextField } from '../../design/Controls';
import { Badge } from '../../design/Status';
import { Card, Empty, Loaded, PageHead } from '../../design/Surface';
import { Table, type Column } from '../../design/Table';
import { count, dateTimeSeconds } from '../../logic/format';
import type { Tone } from '../../logic/verdict';
import { texts } from '../../texts';

const words = texts.logs;
const refreshMs = 5000;
const tones: Record<string, Tone> = { information: 'quiet', warning: 'warn', error: 'bad', critical: 'bad' };

type Line = LogDocument['lines'][number];

/** The newest lines of the appliance's log. */
export function LogsPage() {
  const [least, setLeast] = useState('information');
  const [text, setText] = useState('');
  const path = `/logs?${new URLSearchParams({ least, text })}`;
  const log = useResource<LogDocument>(path, (reading) => get(path, reading), [], refreshMs);
  const columns: Column<Line>[] = [
    { name: words.when, isOneLine: true, cell: (line) => dateTimeSeconds(line.atUnixMs) },
    { name: words.level, isOneLine: true, cell: (line) => <Badge tone={tones[line.level] ?? 'unknown'}>{words.levels[line.level] ?? line.level}</Badge> },
    { name: words.source, cell: (line) => line.source },
    { name: words.line, isLong: true, cell: (line) => line.text },
  ];
  return (
    <>
      <PageHead title={words.title} lead={log.value === null ? undefined : words.lead(count(log.value.kept))} />
      <Card>
        <div class="grid two">
          <Choice label={words.least} value={least} onChange={setLeast} options={Object.entries(words.levels)} />
          <TextField label={words.text} type="search" value={text} onInput={setText} />
        </div>
        <Loaded of={log}>
          {(value) => (value.lines.length === 0 ? <Empty icon="search" title={words.none}>{words.noneWhy}</Empty> : <Table label={words.title} columns={columns} rows={value.lines} keyOf={(line) => String(line.number)} />)}
        </Loaded>
      </Card>
    </>
  );
}
