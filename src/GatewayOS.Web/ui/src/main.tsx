import 'uplot/dist/uPlot.min.css';
import './design/tokens.css';
import './design/base.css';
import './design/controls.css';
import './design/surfaces.css';
import './design/status.css';
import './shell/shell.css';
import { render } from 'preact';
import { App } from './app';
import { showTheme } from './shell/theme';

showTheme();
render(<App />, document.getElementById('app') ?? document.body);
