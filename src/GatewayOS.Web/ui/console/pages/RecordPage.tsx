import { Badge } from '../../src/design/Status';
import { Card, Empty, Loaded, PageHead } from '../../src/design/Surface';
import { Table, type Column } from '../../src/design/Table';
import { dateTimeSeconds } from '../../src/logic/format';
import { num } from '../../src/logic/numbers';
import { toneOf } from '../../src/logic/verdict';
import { useFleet } from '../api';
import { words } from '../texts';
import type { FleetAuditRecord } from '../types';

/** Who changed what. */
export function RecordPage() {
  const records = useFleet('ListAudit', {});
  const columns: Column<FleetAuditRecord>[] = [
    { name: words.record.when, cell: (one) => dateTimeSeconds(num(one.unixMs)) },
    { name: words.record.who, cell: (one) => one.who },
    { name: words.record.what, cell: (one) => <code>{(one.method ?? '').replace('gatewayos.v1.', '')}</code> },
    { name: words.record.target, cell: (one) => one.target },
    { name: words.record.outcome, cell: (one) => <Badge tone={toneOf(one.outcome)}>{words.record.outcomes[one.outcome ?? ''] ?? one.outcome}</Badge> },
    { name: words.record.detail, cell: (one) => one.detail },
  ];
  return (
    <>
      <PageHead title={words.record.title} lead={words.record.lead} />
      <Card>
        <Loaded of={records}>
          {(value) => ((value.records?.length ?? 0) === 0 ? <Empty icon="audit" title={words.record.none}>{words.record.noneWhy}</Empty> : <Table label={words.record.title} columns={columns} rows={value.records ?? []} keyOf={(one) => `${one.unixMs}${one.who}${one.method}${one.target}${one.outcome}`} />)}
        </Loaded>
      </Card>
    </>
  );
}
