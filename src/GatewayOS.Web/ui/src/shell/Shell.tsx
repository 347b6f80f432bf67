import { useEffect, useRef, useState } from 'preact/hooks';
import { remove } from '../api/client';
import { onConnection, startEvents } from '../api/events';
import { useMethod } from '../api/resource';
import { ButtonLink, Button } from '../design/Controls';
import { FigureSources } from '../design/Figure';
import { Icon } from '../design/Icon';
import { PageHead } from '../design/Surface';
import { Toasts } from '../design/Toasts';
import { may } from '../logic/roles';
import { texts } from '../texts';
import { pages, type Page } from './pages';
import { href, useRoute } from './route';
import { useSessionState } from './session';
import { useTheme } from './theme';

const settingsMs = 60_000;
const groups = ['protect', 'appliance', 'access'] as const;

/** What is around every page: navigation, who is signed in, and whether the appliance can be reached. */
export function Shell() {
  const { session, update } = useSessionState();
  const route = useRoute();
  const [isOpen, setOpen] = useState(false);
  const [isConnected, setConnected] = useState(true);
  const [isDark, toggleTheme] = useTheme();
  const main = useRef<HTMLElement>(null);
  const page = pages.find((one) => one.name === route.page);
  const settings = useMethod('Management/GetSettings', {}, [], settingsMs);
  const applianceName = settings.value?.name ?? texts.app.name;

  useEffect(() => startEvents(), []);
  useEffect(() => onConnection(setConnected), []);
  const place = `${route.page}/${route.rest.join('/')}`;
  const placeBefore = useRef(place);
  useEffect(() => {
    document.title = page ? texts.app.pageTitle(page.title, applianceName) : applianceName;
    setOpen(false);
    if (placeBefore.current !== place) {
      placeBefore.current = place;
      scrollTo(0, 0);
      main.current?.querySelector('h1')?.focus();
    }
  }, [place, page, applianceName]);

  const signOut = async () => {
    try {
      await remove('/session');
    } finally {
      update(null);
    }
  };

  return (
    <div class={isOpen ? 'shell is-open' : 'shell'}>
      <a class="skip" href="#main" onClick={(event) => (event.preventDefault(), main.current?.focus())}>{texts.nav.skip}</a>
      <header class="bar">
        <Button kind="quiet" icon={isOpen ? 'close' : 'menu'} label={isOpen ? texts.nav.closeMenu : texts.nav.openMenu} onClick={() => setOpen(!isOpen)} />
        <a class="brand" href="#/overview"><Icon name="shield" /> {texts.app.name}</a>
      </header>
      <nav class="side" aria-label={texts.nav.label}>
        <a class="brand" href="#/overview"><Icon name="shield" size={24} /> {texts.app.name}</a>
        {groups.map((group) => (
          <Group key={group} group={group} current={route.page} role={session.role} />
        ))}
        <div class="side-foot">
          <a class={route.page === 'account' ? 'who is-current' : 'who'} href="#/account">
            <strong>{session.account}</strong>
            <span>{texts.roles[session.role] ?? session.role}</span>
          </a>
          <div class="side-buttons">
            <Button kind="quiet" icon={isDark ? 'sun' : 'moon'} label={isDark ? texts.nav.light : texts.nav.dark} onClick={toggleTheme} />
            <Button kind="quiet" icon="out" label={texts.nav.signOut} onClick={() => void signOut()} />
          </div>
        </div>
      </nav>
      <div class="shade" onClick={() => setOpen(false)} />
      <main id="main" ref={main} tabIndex={-1}>
        {!isConnected && <div class="offline" role="status"><span class="spinner" aria-hidden="true" /> {texts.app.offline}</div>}
        <Content page={page} role={session.role} />
      </main>
      <FigureSources />
      <Toasts />
    </div>
  );
}

function Group({ group, current, role }: { group: (typeof groups)[number]; current: string; role: string }) {
  const shown = pages.filter((page) => page.group === group && (page.right === undefined || may(role, page.right)));
  return shown.length === 0 ? null : (
    <div class="side-group">
      <h2 id={`group-${group}`}>{texts.nav.groups[group]}</h2>
      <ul aria-labelledby={`group-${group}`}>
        {shown.map((page) => (
          <li key={page.name}>
            <a href={href([page.name])} aria-current={page.name === current ? 'page' : undefined}>
              <Icon name={page.icon} /> {page.title}
              {page.name === 'alerts' && <AlertCount />}
            </a>
          </li>
        ))}
      </ul>
    </div>
  );
}

function AlertCount() {
  const { value } = useMethod('Alerts/List', {}, ['alerts'], 60_000);
  const open = value?.alerts?.filter((alert) => !alert.acknowledgedBy).length ?? 0;
  return open === 0 ? null : <span class="count">{open}<span class="unseen"> {texts.nav.openAlerts}</span></span>;
}

function Content({ page, role }: { page: Page | undefined; role: string }) {
  const route = useRoute();
  if (page === undefined) {
    return (
      <PageHead title={texts.app.noPage} lead={texts.app.noPageWhy}>
        <ButtonLink href="#/overview" kind="primary">{texts.nav.overview}</ButtonLink>
      </PageHead>
    );
  }

  if (page.right !== undefined && !may(role, page.right)) {
    return <PageHead title={page.title} lead={texts.app.notForRole(texts.roles[role] ?? role)} />;
  }

  const name = route.rest[0];
  if (name !== undefined && page.showOne !== undefined) {
    return <page.showOne key={name} route={route} name={name} />;
  }

  return <page.show route={route} />;
}
