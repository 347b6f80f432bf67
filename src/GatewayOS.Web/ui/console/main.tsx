import '../src/design/tokens.css';
import '../src/design/base.css';
import '../src/design/controls.css';
import '../src/design/surfaces.css';
import '../src/design/status.css';
import '../src/shell/shell.css';
import './console.css';
import { render } from 'preact';
import { showTheme } from '../src/shell/theme';
import { texts } from '../src/texts';
import { App } from './app';
import { words } from './texts';

// The parts that the pages share speak of an appliance; here it is the control plane that does not answer.
Object.assign(texts.errors, words.errors);
showTheme();
render(<App />, document.getElementById('app') ?? document.body);
