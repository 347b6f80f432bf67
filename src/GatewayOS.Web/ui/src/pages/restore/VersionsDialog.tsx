import { useMethod } from '../../api/resource';
import { Dialog } from '../../design/Dialog';
import { Empty, Loaded } from '../../design/Surface';
import { splitLast } from '../../logic/paths';
import { texts } from '../../texts';
import { VersionTable } from './Search';

/** All versions of one file. */
export function VersionsDialog({ node, path, onClose }: { node: string; path: string; onClose: () => void }) {
  const versions = useMethod('Catalogue/ListVersions', { node, path });
  return (
    <Dialog title={texts.restore.versionsOf(splitLast(path).name)} onClose={onClose}>
      <p class="hint"><code>{path}</code></p>
      <Loaded of={versions}>
        {(value) => ((value.versions?.length ?? 0) === 0 ? <Empty icon="clock" title={texts.restore.notFound}>{texts.restore.notCatalogued}</Empty> : <VersionTable versions={value.versions ?? []} showPath={false} />)}
      </Loaded>
    </Dialog>
  );
}
