import { useState } from 'preact/hooks';
import { call } from '../../api/client';
import { useMethod } from '../../api/resource';
import type { AlertInfo, HoldInfo } from '../../api/types';
import { Button, Check } from '../../design/Controls';
import { Confirm } from '../../design/Dialog';
import { Badge } from '../../design/Status';
import { Card, Empty, Loaded, PageHead, Problem } from '../../design/Surface';
import { toast } from '../../design/Toasts';
import { useAction } from '../../design/useAction';
import { useNow } from '../../design/useNow';
import { count, dateTime, relative } from '../../logic/format';
import { moment, num } from '../../logic/numbers';
import { toneOf } from '../../logic/verdict';
import type { Route } from '../../shell/route';
import { useMay } from '../../shell/session';
import { texts } from '../../texts';
import { Deliveries } from './Deliveries';
import './alerts.css';

const words = texts.alerts;

/** What people should know of, with the remedy; the newest and worst first. */
export function AlertsPage({ route }: { route: Route }) {
  const [withCleared, setWithCleared] = useState(false);
  const alerts = useMethod('Alerts/List', { withCleared }, ['alerts'], 30_000);
  const holds = useMethod('Alerts/ListHolds', {}, ['alerts'], 60_000);
  const mayRun = useMay('run');
  const test = useAction(async () => {
    await call('Alerts/Test', {});
    toast(words.tested);
    await alerts.reload();
  });
  return (
    <>
      <PageHead title={words.title} lead={words.lead}>
        <Check label={words.withCleared} checked={withCleared} onChange={setWithCleared} />
        {mayRun && <Button isBusy={test.isBusy} onClick={() => void test.run()}>{words.test}</Button>}
      </PageHead>
      {test.error && <Problem error={test.error} />}
      <div class="stack">
        {(holds.value?.holds ?? []).map((hold) => <Hold key={hold.nodeId} hold={hold} reload={holds.reload} />)}
        <Loaded of={alerts}>
          {(value) => {
            const ordered = [...(value.alerts ?? [])].sort((left, right) => rank(left) - rank(right) || num(right.lastUnixMs) - num(left.lastUnixMs));
            return ordered.length === 0 ? <Card><Empty icon="check" title={words.none}>{words.noneWhy}</Empty></Card> : <>{ordered.map((alert) => <Alert key={alert.id} alert={alert} isOpen={route.query.get('show') === alert.id} reload={alerts.reload} />)}</>;
          }}
        </Loaded>
      </div>
    </>
  );
}

const severities = ['critical', 'warning', 'info'];

function rank(alert: AlertInfo): number {
  return severities.indexOf(alert.severity ?? 'info') + (moment(alert.clearedUnixMs) !== null ? 20 : alert.acknowledgedBy ? 10 : 0);
}

function Alert({ alert, isOpen, reload }: { alert: AlertInfo; isOpen: boolean; reload: () => Promise<void> }) {
  const now = useNow(5000);
  const mayRun = useMay('run');
  const [isShown, setShown] = useState(isOpen);
  const cleared = moment(alert.clearedUnixMs);
  const acknowledge = useAction(async () => {
    await call('Alerts/Acknowledge', { id: alert.id ?? '' });
    await reload();
  });
  const tone = cleared === null ? toneOf(alert.severity) : 'quiet';
  return (
    <article class={`card alert edge-${tone}`} aria-label={alert.summary}>
      <div class="alert-head">
        <Badge tone={tone}>{words.severities[alert.severity ?? ''] ?? alert.severity}</Badge>
        {cleared !== null && <Badge tone="good">{words.cleared(relative(cleared, now))}</Badge>}
        {alert.acknowledgedBy && <Badge tone="quiet">{words.acknowledgedBy(alert.acknowledgedBy)}</Badge>}
        <span class="hint">{alert.subject}</span>
        <span class="hint alert-age">{relative(num(alert.lastUnixMs), now)}</span>
      </div>
      <h2>{alert.summary}</h2>
      <p>{alert.remedy}</p>
      <p class="hint">{words.history(dateTime(num(alert.firstUnixMs)), count(num(alert.count)))}</p>
      {isShown && <Deliveries id={alert.id ?? ''} />}
      {acknowledge.error && <Problem error={acknowledge.error} />}
      <div class="form-actions">
        {mayRun && !alert.acknowledgedBy && cleared === null && <Button kind="primary" isBusy={acknowledge.isBusy} onClick={() => void acknowledge.run()}>{words.acknowledge}</Button>}
        <Button kind="quiet" onClick={() => setShown(!isShown)}>{isShown ? words.hideDeliveries : words.deliveries}</Button>
      </div>
    </article>
  );
}

function Hold({ hold, reload }: { hold: HoldInfo; reload: () => Promise<void> }) {
  const nodes = useMethod('Management/ListNodes', {}, ['nodes']);
  const mayAdminister = useMay('administer');
  const [asks, setAsks] = useState(false);
  const name = nodes.value?.nodes?.find((node) => node.id === hold.nodeId)?.name ?? hold.nodeId ?? '';
  return (
    <Card title={words.hold(name)} class="is-urgent">
      <p>{hold.reason}</p>
      <p class="hint">{words.holdUntil(dateTime(num(hold.throughUnixMs)))}</p>
      {mayAdminister && <Button onClick={() => setAsks(true)}>{words.release}</Button>}
      {asks && (
        <Confirm title={words.releaseTitle(name)} action={words.release} isDangerous run={async () => (await call('Alerts/ReleaseHold', { node: hold.nodeId ?? '' }), await reload())} onClose={() => setAsks(false)}>
          <p>{words.releaseWhat}</p>
        </Confirm>
      )}
    </Card>
  );
}
