/** @file The page that the server shows. */

import 'virtual:house-style.css';
import './style/explanation.css';
import './style/app.css';
import { render } from 'preact';
import { App } from './app/App.js';

render(<App />, document.getElementById('root') as HTMLElement);
