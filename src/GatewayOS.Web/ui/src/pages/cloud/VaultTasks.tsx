import type { VaultInfo, VaultTaskInfo } from '../../api/types';
import { Badge, Progress } from '../../design/Status';
import { count, dateTime } from '../../logic/format';
import { moment } from '../../logic/numbers';
import { shareThere } from '../../logic/vaults';
import { texts } from '../../texts';

const words = texts.cloud.tasks;

/** What a vault is filled by, and how far each task has come: with what was there before it, and with what came since. */
export function VaultTasks({ vault }: { vault: VaultInfo }) {
  const tasks = vault.tasks ?? [];
  return (
    <>
      <h3>{words.title}</h3>
      {tasks.length === 0 && <p>{words.none}</p>}
      {tasks.map((task) => <TaskState key={task.name} task={task} />)}
      <p class="hint">{words.hint}</p>
    </>
  );
}

function TaskState({ task }: { task: VaultTaskInfo }) {
  const lacking = moment(task.oldestLackingUnixMs);
  return (
    <div class="stack">
      <p>
        <strong>{task.name}</strong> {words.takes(task.takes ?? '')} {task.paused === true && <Badge tone="quiet">{words.paused}</Badge>}
      </p>
      {task.isMeasured === true ? (
        <>
          <Part label={words.history} there={task.historyThere ?? 0} all={task.history ?? 0} />
          <Part label={words.tail(dateTime(moment(task.sinceUnixMs) ?? 0))} there={task.tailThere ?? 0} all={task.tail ?? 0} />
          {lacking !== null && <p class="hint">{words.lacking(dateTime(lacking))}</p>}
        </>
      ) : <p class="hint">{words.unmeasured}</p>}
    </div>
  );
}

function Part({ label, there, all }: { label: string; there: number; all: number }) {
  return (
    <div>
      <small>{label}: {words.points(count(there), count(all))}</small>
      {all > 0 && <Progress share={shareThere(there, all)} label={label} />}
    </div>
  );
}
