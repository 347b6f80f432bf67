import type { ComponentType } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { remove } from '../src/api/client';
import { Button, ButtonLink } from '../src/design/Controls';
import { FigureSources } from '../src/design/Figure';
import { Icon, type IconName } from '../src/design/Icon';
import { PageHead } from '../src/design/Surface';
import { Toasts } from '../src/design/Toasts';
import { may, type Right } from '../src/logic/roles';
import { href, useRoute, type Route } from '../src/shell/route';
import { useTheme } from '../src/shell/theme';
import { texts } from '../src/texts';
import { AccessPage } from './pages/AccessPage';
import { AppliancePage } from './pages/AppliancePage';
import { AppliancesPage } from './pages/AppliancesPage';
import { CommandsPage } from './pages/CommandsPage';
import { ProtectionPage } from './pages/ProtectionPage';
import { RecordPage } from './pages/RecordPage';
import { useSelf } from './self';
import { words } from './texts';

interface Page {
  name: string;
  title: string;
  icon: IconName;
  right?: Right;
  show: ComponentType<{ route: Route }>;
  showOne?: ComponentType<{ name: string }>;
}

// A page of the pages' own address begins with the overview: here that is who is protected.
const pages: readonly Page[] = [
  { name: 'overview', title: words.protection.title, icon: 'nodes', show: ProtectionPage },
  { name: 'appliances', title: words.appliances.title, icon: 'storage', show: AppliancesPage, showOne: AppliancePage },
  { name: 'commands', title: words.commands.title, icon: 'clock', show: CommandsPage },
  { name: 'access', title: words.access.title, icon: 'tokens', right: 'administer', show: AccessPage },
  { name: 'record', title: words.record.title, icon: 'audit', right: 'administer', show: RecordPage },
];

/** What is around every page: navigation, and who is signed in. */
export function Shell({ onSignedOut }: { onSignedOut: () => void }) {
  const self = useSelf();
  const route = useRoute();
  const [isOpen, setOpen] = useState(false);
  const [isDark, toggleTheme] = useTheme();
  const main = useRef<HTMLElement>(null);
  const page = pages.find((one) => one.name === route.page && (one.right === undefined || may(self.role ?? '', one.right)));
  const place = `${route.page}/${route.rest.join('/')}`;
  const placeBefore = useRef(place);
  useEffect(() => {
    document.title = page ? texts.app.pageTitle(page.title, words.name) : words.name;
    setOpen(false);
    if (placeBefore.current !== place) {
      placeBefore.current = place;
      scrollTo(0, 0);
      main.current?.querySelector('h1')?.focus();
    }
  }, [place, page]);

  const signOut = async () => {
    try {
      await remove('/session');
    } finally {
      onSignedOut();
    }
  };

  return (
    <div class={isOpen ? 'shell is-open' : 'shell'}>
      <a class="skip" href="#main" onClick={(event) => (event.preventDefault(), main.current?.focus())}>{texts.nav.skip}</a>
      <header class="bar">
        <Button kind="quiet" icon={isOpen ? 'close' : 'menu'} label={isOpen ? texts.nav.closeMenu : texts.nav.openMenu} onClick={() => setOpen(!isOpen)} />
        <a class="brand" href="#/overview"><Icon name="shield" /> {words.name}</a>
      </header>
      <nav class="side" aria-label={texts.nav.label}>
        <a class="brand" href="#/overview"><Icon name="shield" size={24} /> {words.name}</a>
        <div class="side-group">
          <ul>
            {pages.filter((one) => one.right === undefined || may(self.role ?? '', one.right)).map((one) => (
              <li key={one.name}>
                <a href={href([one.name])} aria-current={one.name === route.page ? 'page' : undefined}><Icon name={one.icon} /> {one.title}</a>
              </li>
            ))}
          </ul>
        </div>
        <div class="side-foot">
          <p class="who">
            <strong>{self.tenant || words.provider}</strong>
            <span>{texts.roles[self.role ?? ''] ?? self.role}</span>
          </p>
          <div class="side-buttons">
            <Button kind="quiet" icon={isDark ? 'sun' : 'moon'} label={isDark ? texts.nav.light : texts.nav.dark} onClick={toggleTheme} />
            <Button kind="quiet" icon="out" label={texts.nav.signOut} onClick={() => void signOut()} />
          </div>
        </div>
      </nav>
      <div class="shade" onClick={() => setOpen(false)} />
      <main id="main" ref={main} tabIndex={-1}>
        <Content page={page} route={route} />
      </main>
      <FigureSources />
      <Toasts />
    </div>
  );
}

function Content({ page, route }: { page: Page | undefined; route: Route }) {
  if (page === undefined) {
    return (
      <PageHead title={texts.app.noPage} lead={words.noPageWhy}>
        <ButtonLink href="#/overview" kind="primary">{words.protection.title}</ButtonLink>
      </PageHead>
    );
  }

  const name = route.rest[0];
  return name !== undefined && page.showOne !== undefined ? <page.showOne key={name} name={name} /> : <page.show route={route} />;
}
