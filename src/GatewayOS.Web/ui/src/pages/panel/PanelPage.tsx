import { useState } from 'preact/hooks';
import { call, get, type Reading } from '../../api/client';
import { useResource } from '../../api/resource';
import type { PanelDocument } from '../../api/types';
import type { PanelLed } from '../../api/web';
import { Button, Check } from '../../design/Controls';
import { Card, Loaded, PageHead, Problem } from '../../design/Surface';
import { Table, type Column } from '../../design/Table';
import { useAction } from '../../design/useAction';
import { useNow } from '../../design/useNow';
import { duration } from '../../logic/format';
import { inWords } from '../../logic/leds';
import { moment } from '../../logic/numbers';
import { useMay } from '../../shell/session';
import { texts } from '../../texts';
import { FrontPanel } from './FrontPanel';
import './panel.css';

const words = texts.panel;
const refreshMs = 800;
const lampTestMs = 10_000;

/** A view of the panel, and when it was so by this page's clock. */
interface Seen {
  view: PanelDocument;
  atMs: number;
}

// Half of the way there and back is how old an answer is when it arrives.
async function read(reading: Reading): Promise<Seen> {
  const asked = performance.now();
  const view = await get<PanelDocument>('/panel', reading);
  return { view, atMs: (asked + performance.now()) / 2 };
}

/** The front panel, as whoever stands before it sees it. */
export function PanelPage() {
  const panel = useResource('panel', read, ['panel'], refreshMs);
  const mayRun = useMay('run');
  const mayAdminister = useMay('administer');
  const [moves, setMoves] = useState(!matchMedia('(prefers-reduced-motion: reduce)').matches);
  const press = useAction(async (button: string, holdMs: number) => {
    await call('Panel/Press', { button, holdMs: String(holdMs) });
    await panel.reload();
  });
  const lamps = useAction(async () => {
    await call('Panel/TestLamps', { durationMs: String(lampTestMs) });
    await panel.reload();
  });
  return (
    <>
      <PageHead title={words.title} lead={words.lead}>
        <Check label={words.moves} checked={moves} onChange={setMoves} />
        {mayRun && <Button isBusy={lamps.isBusy} onClick={() => void lamps.run()}>{words.lampTest}</Button>}
      </PageHead>
      <Loaded of={panel}>
        {({ view, atMs }) => (
          <div class="stack">
            <FrontPanel view={view} atMs={atMs} moves={moves} canPress={mayAdminister} isPressing={press.isBusy} onPress={(button, holdMs) => void press.run(button, holdMs)} />
            {(press.error ?? lamps.error) && <Problem error={press.error ?? lamps.error ?? ''} />}
            <p class="hint">{view.isVirtual ? (mayAdminister ? words.pressHint : words.pressRole) : words.realHint}</p>
            <Presence until={moment(view.presentUntilUnixMs)} />
            <Card title={words.meaning}><Leds view={view} /></Card>
          </div>
        )}
      </Loaded>
    </>
  );
}

function Presence({ until }: { until: number | null }) {
  const now = useNow();
  return until !== null && until > now ? <p class="note">{words.present(duration((until - now) / 1000))}</p> : null;
}

function Leds({ view }: { view: PanelDocument }) {
  const columns: Column<PanelLed>[] = [
    { name: words.led, cell: (led) => <strong>{led.label}</strong> },
    { name: words.colour, cell: (led) => words.colours[led.colour] ?? led.colour },
    { name: words.shows, cell: (led) => inWords(led, words.patterns) },
  ];
  return <Table label={words.meaning} columns={columns} rows={view.leds} keyOf={(led) => led.name} />;
}
