import { useEffect, useRef, useState } from 'preact/hooks';
import { useMethod } from '../../api/resource';
import type { KeptSnapshot, PolicyProblem } from '../../api/types';
import { Choice } from '../../design/Controls';
import { Badge } from '../../design/Status';
import { Card, Loaded } from '../../design/Surface';
import { useNow } from '../../design/useNow';
import { dateTime, relative } from '../../logic/format';
import { num } from '../../logic/numbers';
import { texts } from '../../texts';

const words = texts.policies;
const runs = 6;
const shownPoints = 12;

/** What would come of a document that is not saved: next runs, what would be kept, and everything that is wrong. */
export function PolicyPreview({ document, onProblems }: { document: string; onProblems: (problems: readonly PolicyProblem[]) => void }) {
  const [node, setNode] = useState('');
  const nodes = useMethod('Management/ListNodes', {}, ['nodes']);
  const preview = useMethod('Policies/PreviewPolicy', { document, node, runs });
  const value = preview.value;

  // While somebody types, what was shown last stays until the next is there.
  const last = useRef(value);
  last.current = value ?? last.current;
  useEffect(() => {
    if (value !== null) {
      onProblems(value.problems ?? []);
    }
  }, [value, onProblems]);
  const names = (nodes.value?.nodes ?? []).filter((one) => one.state === 'ACTIVE').map((one) => one.name ?? '');
  return (
    <Card title={words.preview} class="sticky">
      <Choice label={words.previewFor} value={node} onChange={setNode} options={[['', words.noNode] as const, ...names.map((name) => [name, name] as const)]} />
      <Loaded of={{ ...preview, value: last.current }} lines={3}>
        {(shown) => ((shown.problems?.length ?? 0) > 0 ? <p class="note">{words.problems(shown.problems?.length ?? 0)}</p> : <Outlook next={(shown.nextRunsUnixMs ?? []).map(num)} points={shown.snapshots ?? []} isForNode={node !== ''} />)}
      </Loaded>
    </Card>
  );
}

function Outlook({ next, points, isForNode }: { next: readonly number[]; points: readonly KeptSnapshot[]; isForNode: boolean }) {
  const now = useNow(5000);
  const kept = points.filter((point) => point.keep).length;
  return (
    <>
      <h3>{words.nextRuns}</h3>
      {next.length === 0 ? <p class="hint">{words.noRun}</p> : <ol class="runs">{next.map((run) => <li key={run}><strong>{dateTime(run)}</strong> <span class="hint">{relative(run, now)}</span></li>)}</ol>}
      <h3>{words.wouldKeep}</h3>
      {!isForNode ? <p class="hint">{words.chooseNode}</p> : points.length === 0 ? <p class="hint">{words.nothingYet}</p> : (
        <>
          <p>{words.keptOf(kept, points.length)}</p>
          <ul class="plain-list kept">
            {points.slice(0, shownPoints).map((point) => (
              <li key={point.id}>
                <span>{dateTime(num(point.startedUnixMs))}</span>
                {point.keep ? <Badge tone="good">{point.reasons?.join(', ') || words.kept}</Badge> : <Badge tone="bad">{words.forgotten}</Badge>}
              </li>
            ))}
          </ul>
          {points.length > shownPoints && <p class="hint">{words.andMore(points.length - shownPoints)}</p>}
        </>
      )}
    </>
  );
}
