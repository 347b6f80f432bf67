import { useMethod } from '../../api/resource';
import type { PolicyMessage } from '../../api/types';
import { ButtonLink } from '../../design/Controls';
import { Badge } from '../../design/Status';
import { Card, Empty, Loaded, PageHead } from '../../design/Surface';
import { Table, type Column } from '../../design/Table';
import { useNow } from '../../design/useNow';
import { relative } from '../../logic/format';
import { moment } from '../../logic/numbers';
import { parseDocument, toForm } from '../../logic/policyForm';
import { href, type Route } from '../../shell/route';
import { useMay } from '../../shell/session';
import { texts } from '../../texts';
import { PolicyPage } from './PolicyPage';
import './policies.css';

const words = texts.policies;

/** All policies: who follows them, when they run next, and what they keep. */
export function PoliciesPage({ route }: { route: Route }) {
  const policies = useMethod('Policies/ListPolicies', {}, ['policies', 'jobs'], 60_000);
  const mayAdminister = useMay('administer');
  const add = mayAdminister && <ButtonLink href={href(['policies'], { add: '1' })} kind="primary" icon="plus">{words.add}</ButtonLink>;
  if (route.query.get('add') === '1' && mayAdminister) {
    return <PolicyPage route={route} name={null} />;
  }

  return (
    <>
      <PageHead title={words.title} lead={words.lead}>{add}</PageHead>
      <Card>
        <Loaded of={policies}>
          {(value) => ((value.policies?.length ?? 0) === 0 ? <Empty icon="policies" title={words.none} action={add}>{words.noneWhy}</Empty> : <PolicyTable policies={value.policies ?? []} />)}
        </Loaded>
      </Card>
    </>
  );
}

function PolicyTable({ policies }: { policies: readonly PolicyMessage[] }) {
  const now = useNow(5000);
  const columns: Column<PolicyMessage>[] = [
    { name: words.policy, cell: (policy) => <a class="name" href={href(['policies', policy.name ?? ''])}>{policy.name}</a> },
    { name: words.state, cell: (policy) => <StateOf policy={policy} /> },
    { name: words.schedule, cell: (policy) => scheduleOf(policy) },
    { name: words.keeps, cell: (policy) => keepsOf(policy) },
    { name: texts.nodes.title, cell: (policy) => (policy.nodes?.length ? policy.nodes.map((node) => node.nodeName).join(', ') : words.noNodes) },
    { name: words.next, cell: (policy) => nextOf(policy, now) },
  ];
  return <Table label={words.title} columns={columns} rows={policies} keyOf={(policy) => policy.name ?? ''} />;
}

/** Whether a policy holds. */
export function StateOf({ policy }: { policy: PolicyMessage }) {
  if ((policy.problems?.length ?? 0) > 0) {
    return <Badge tone="bad">{words.invalid}</Badge>;
  }

  return policy.holds ? <Badge tone="good">{words.holds}</Badge> : <Badge tone="quiet">{words.rests}</Badge>;
}

function nextOf(policy: PolicyMessage, now: number): string {
  const runs = (policy.nodes ?? []).map((node) => moment(node.nextRunUnixMs)).filter((run) => run !== null);
  return runs.length === 0 ? words.noRun : relative(Math.min(...runs), now);
}

function scheduleOf(policy: PolicyMessage): string {
  const document = parseDocument(policy.document ?? '');
  if (document === null) {
    return words.seeDocument;
  }

  const form = toForm(document);
  const base = form.schedule === 'every' ? words.everyShort(form.every) : form.cron;
  return form.window ? `${base}, ${form.window}` : base;
}

function keepsOf(policy: PolicyMessage): string {
  const document = parseDocument(policy.document ?? '');
  if (document === null) {
    return words.seeDocument;
  }

  const form = toForm(document);
  const parts = (['last', 'hourly', 'daily', 'weekly', 'monthly', 'yearly', 'within'] as const).filter((field) => form[field] !== '').map((field) => `${form[field]} ${words.short[field]}`);
  return parts.length === 0 ? words.everything : parts.join(', ');
}
